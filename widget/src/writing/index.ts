/** The writing bundle's entry: takes what the script hung on its own element and hooks `document.write` for it. */

import { quietly } from "../quietly";
import { hookWriting } from "./hook";
import type { Waits } from "./waits";

function start(): void {
  const { found, hooked, stack } = document.currentScript as HTMLScriptElement & Waits;
  hooked(hookWriting(document, found, stack));
}

quietly(start);
