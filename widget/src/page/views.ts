/**
 * Views: what changes in a page that is never loaded again. Nothing of the page's is patched; the browser tells. What
 * a change means is for those who are told.
 */

/** As far as it is used here: not every browser has it, nor every version of the DOM's types. */
import { quietly } from "./quietly";

interface Navigating {
  readonly navigation?: EventTarget;
}

/**
 * @param changed called when elements were added, taken out or renamed
 * @param arrived called at each new view: another path, whoever leads there
 */
export function watchViews(win: Window, changed: () => void, arrived: () => void): void {
  const doc = win.document;
  let { pathname } = win.location;

  function look(): void {
    if (win.location.pathname === pathname) return;
    pathname = win.location.pathname;
    arrived();
  }

  // Where there is no Navigation API the new view's own elements tell.
  const { navigation } = win as Navigating;
  navigation?.addEventListener("currententrychange", look);
  win.addEventListener("popstate", look);
  const drawn = () =>
    quietly(() => {
      look();
      changed();
    });
  new MutationObserver(drawn).observe(doc, {
    childList: true,
    subtree: true,
    attributeFilter: ["data-right", "data-src"],
  });
  doc.addEventListener("readystatechange", drawn);
}
