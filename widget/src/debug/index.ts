/** The debug bundle's entry: takes what the script hung on its own element and shows it. */

import { quietly } from "../quietly";
import { drawPanel } from "./draw";
import type { Inside } from "./inside";
import { sections } from "./panel";

function start(): void {
  const { inside } = document.currentScript as HTMLScriptElement & { inside?: Inside };
  if (!inside) return;
  const { draw } = drawPanel(document, () => sections(document, inside, Date.now()));
  window.addEventListener("privacychoices:change", draw);
}

quietly(start);
