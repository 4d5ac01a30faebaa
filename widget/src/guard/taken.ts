/**
 * Taken: what the guard uses of the browser's. It comes from an empty frame, gone before anybody sees it: whatever a page
 * has put in its place, before the guard or behind it. Where there can be no such frame it is the page's own.
 */

import { quietly } from "../quietly";

let frame: any;

// All at once: of a frame that is gone Chromium knows no class that nobody has asked for before.
export const {
  DOMParser,
  Document: { prototype: documents },
  Element: { prototype: elements },
  Event,
  Map,
  Object,
  Proxy,
  Reflect: { apply },
  RegExp,
  URL,
}: any = quietly(() => {
  frame = document.head.appendChild(document.createElement("iframe"));
  return frame.contentDocument.defaultView;
}) || window;

quietly(() => apply(elements.remove, frame, []));

/** Does this for each word of a text, or of a list with commas or bars. */
export function each(text: unknown, act: (word: string) => void): void {
  const word = new RegExp("[^\\s,|]+", "g");
  for (let found: any; (found = word.exec(text)); ) act(found[0]);
}
