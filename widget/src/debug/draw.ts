/** Draws the debug panel: a region of its own in a shadow root, drawn anew on demand and at every change. */

import { maker, type Make } from "../ui/element";
import type { Section } from "./panel";

const STYLES = `
:host{all:initial}
section{position:fixed;inset:8px 8px auto auto;z-index:2147483647;box-sizing:border-box;width:min(480px,calc(100vw - 16px));
max-height:60vh;overflow:auto;padding:12px;font:14px/1.4 ui-monospace,monospace;color:#111;background:#fff;
border:2px solid #111}
h2{font-size:1em;margin:0 0 8px}h3{font-size:1em;margin:12px 0 4px}
dl{margin:0}dt{font-weight:bold}dd{margin:0 0 4px 1em;overflow-wrap:anywhere}
button{font:inherit;min-height:32px;min-width:44px;margin-right:8px}
`;

/** @param look gives what is to be seen now */
export function drawPanel(doc: Document, look: () => readonly Section[]): { draw(): void } {
  const make = maker(doc);
  const host = make("div", { id: "privacy-choices-debug", lang: "en" });
  const root = host.attachShadow({ mode: "open" });
  const body = make("div");
  const draw = () => body.replaceChildren(...look().flatMap((section) => drawn(make, section)));
  const again = make("button", { type: "button", onclick: draw }, "Look again");
  const close = make("button", { type: "button", onclick: () => host.remove() }, "Close");
  const title = make("h2", {}, "Privacy choices: what the script does");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLES);
  root.adoptedStyleSheets = [sheet];
  root.append(make("section", { ariaLabel: "Privacy choices, debug" }, title, again, close, body));
  doc.body.append(host);
  draw();
  return { draw };
}

function drawn(make: Make, { title, rows }: Section): readonly Node[] {
  const list = make("dl");
  for (const [what, says] of rows) list.append(make("dt", {}, what), make("dd", {}, says));
  return [make("h3", {}, `${title} (${rows.length})`), rows.length ? list : make("p", {}, "Nothing.")];
}
