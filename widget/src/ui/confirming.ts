/**
 * The way to the service's own confirmation page and back. The page is opened by the visitor's click, and cuts itself
 * off from this one; what came of it only the service can say.
 */

/**
 * Opens a tab before it is known whether, and where, it has to go: later than in the click itself browsers take it for
 * an unasked pop-up. Returns what leads it there, or closes it where there is no address. Does nothing when the browser
 * blocked the tab: the link beside it has to do.
 */
export function openTab(win: Window): (url?: string) => void {
  const tab = win.open("", "_blank");
  return (url) => {
    if (!url) tab?.close();
    else if (tab && !tab.closed) tab.location.replace(url);
  };
}

/** Milliseconds for which a confirmation page is good. */
const GOOD_FOR = 6e5;

/**
 * Returns what to call when somebody is sent to a confirmation page: as long as it is good, `ask` is called whenever
 * this page is looked at again. The two pages can't speak to each other, so nobody else's can join in either.
 */
export function watchConfirmation(win: Window, ask: () => void): () => void {
  let until = 0;
  const back = () => {
    if (win.performance.now() < until && win.document.visibilityState === "visible") ask();
  };
  win.addEventListener("focus", back);
  win.document.addEventListener("visibilitychange", back);
  return () => {
    until = win.performance.now() + GOOD_FOR;
  };
}
