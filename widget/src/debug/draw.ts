/** Draws the debug panel: a region of its own in a shadow root, drawn anew on demand and at every change. */

import { element } from "../ui/element";
import type { Section } from "./panel";

const STYLES = `
:host{all:initial}
section{position:fixed;inset:8px 8px auto auto;z-index:2147483647;box-sizing:border-box;width:min(480px,calc(100vw - 16px));
max-height:calc(100vh - 16px);overflow:auto;padding:12px;font:14px/1.4 ui-monospace,monospace;color:#111;background:#fff;
border:2px solid #111}
h2{font-size:1em;margin:0 0 8px}h3{font-size:1em;margin:12px 0 4px}
dl{margin:0}dt{font-weight:bold}dd{margin:0 0 4px 1em;overflow-wrap:anywhere}
button{font:inherit;min-height:32px;min-width:44px;margin-right:8px}
`;

/** @param look gives what is to be seen now */
export function drawPanel(doc: Document, look: () => readonly Section[]): { draw(): void } {
  const host = element(doc, "div", { id: "privacy-choices-debug", lang: "en" });
  const root = host.attachShadow({ mode: "open" });
  const body = element(doc, "div");
  const draw = () => body.replaceChildren(...look().flatMap((section) => drawn(doc, section)));
  const again = element(doc, "button", { type: "button", onclick: draw }, "Look again");
  const close = element(doc, "button", { type: "button", onclick: () => host.remove() }, "Close");
  const title = element(doc, "h2", {}, "Privacy choices: what the script does");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLES);
  root.adoptedStyleSheets = [sheet];
  root.append(element(doc, "section", { "aria-label": "Privacy choices, debug" }, title, again, close, body));
  doc.body.append(host);
  draw();
  return { draw };
}

function drawn(doc: Document, { title, rows }: Section): readonly Node[] {
  const list = element(doc, "dl");
  for (const [what, says] of rows) list.append(element(doc, "dt", {}, what), element(doc, "dd", {}, says));
  return [element(doc, "h3", {}, `${title} (${rows.length})`), rows.length ? list : element(doc, "p", {}, "Nothing.")];
}
