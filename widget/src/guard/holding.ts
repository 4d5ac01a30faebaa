/**
 * Holding: elements that would load from a blocked partner are kept from their address until it is allowed. A pixel
 * carries data in its address, so it fails at once and is never sent.
 */

import { quietly } from "../quietly";
import { blocks } from "./blocked";
import { each, Event, Map } from "./taken";

/** More than a page ever has: whoever tries for ever must not fill the memory. */
const MOST = 1000;

const held: globalThis.Map<Element, readonly [value: unknown, put: () => unknown]> = new Map();

/** Whether an address, or one of a set, is a blocked partner's; browsers overlook line ends and tabs in an address. */
export function names(value: unknown): true | undefined {
  let blocked = blocks(value);
  each(value, (piece) => {
    blocked = blocks(piece) || blocked;
  });
  return blocked;
}

/**
 * Whether the element may not have this address now; `put` gives it later.
 *
 * @param value as it was given: where Trusted Types are demanded, `put` needs the very same
 */
export function holds(element: Element, value: unknown, put: () => unknown): boolean {
  held.delete(element);
  if (!names(value)) return false;
  const { localName } = element;
  if (localName == "img" || localName == "source") {
    void (async () => {
      await 0;
      quietly(() => element.dispatchEvent(new Event("error")));
    })();
  }
  else if (held.size < MOST) held.set(element, [value, put]);
  return true;
}

/** Gives what was held its address, where it may have it now. */
export function release(): void {
  // A copy: what still may not load is held anew. The page's policy may refuse an address: that stays away.
  for (const [element, [value, put]] of [...held]) quietly(() => holds(element, value, put) || put());
  // What came as markup is held by its mark; set anew, it is held as the others are, or loads. An element of the page
  // may hide the method.
  quietly(() => {
    for (const element of document.querySelectorAll<HTMLIFrameElement>("[data-held-src]:not(img,source)")) {
      element.src = element.dataset.heldSrc!;
      delete element.dataset.heldSrc;
    }
  });
}
