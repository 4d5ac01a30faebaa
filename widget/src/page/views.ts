/**
 * Views: what changes in a page that is never loaded again. Nothing of the page's is patched; the browser tells. What
 * a change means is for those who are told.
 */

import { quietly } from "../quietly";

/** Milliseconds for which changes are gathered: a frame, which a page in the background would never draw. */
const FRAME = 16;

/** As far as it is used here: not every browser has it, nor every version of the DOM's types. */
interface Navigating {
  readonly navigation?: EventTarget;
}

/**
 * The part of an address that names the view: the path, and what stands behind `#` where it looks like a path itself.
 * A router there writes `#/lamps`, `#!/lamps` or `#lamps/7`; a plain name is a place in the same view, and scrolling
 * alone may change it.
 */
const viewOf = ({ pathname, hash }: Location) => pathname + (/^#(!|[^?]*\/)[^?]*/.exec(hash) || "");

/**
 * @param changed called when elements were added, taken out or renamed, with those added or renamed
 * @param arrived called at each new view: another path, or route behind `#`, whoever leads there
 */
export function watchViews(win: Window, changed: (added: readonly Node[]) => void, arrived: () => void): void {
  const doc = win.document;
  let view = viewOf(win.location);

  function look(): void {
    const now = viewOf(win.location);
    if (now === view) return;
    view = now;
    arrived();
  }

  // Where there is no Navigation API the new view's own elements tell.
  const { navigation } = win as Navigating;
  // A page may call something else so.
  quietly(() => navigation!.addEventListener("currententrychange", look));
  win.addEventListener("popstate", look);
  let added: Node[] = [];
  let timer: number | undefined;
  const drawn = () =>
    quietly(() => {
      const nodes = added;
      added = [];
      clearTimeout(timer);
      timer = undefined;
      look();
      changed(nodes);
    });
  const observer = new MutationObserver((records) => {
    for (const { type, target, addedNodes } of records) {
      if (type == "childList") addedNodes.forEach((node) => added.push(node));
      else added.push(target);
    }
    timer = timer || win.setTimeout(drawn, FRAME);
  });
  observer.observe(doc, {
    childList: true,
    subtree: true,
    attributeFilter: ["data-right", "data-src"],
  });
  doc.addEventListener("readystatechange", drawn);
}
