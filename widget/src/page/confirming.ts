/**
 * The way to the service's own confirmation page and back. The page is opened by the visitor's click; its message is
 * only a poke to ask the service again, and is never believed.
 */

/** A tab opened before it is known whether, and where, it has to go. */
export interface WaitingTab {
  /** Does nothing when the browser blocked the tab: the link beside it has to do. */
  go(url: string): void;
  drop(): void;
}

/** Must be called in the click itself: later, browsers take it for an unasked pop-up. */
export function openTab(win: Window): WaitingTab {
  const tab = win.open("", "_blank");
  return {
    go(url) {
      if (tab && !tab.closed) tab.location.replace(url);
    },
    drop() {
      tab?.close();
    },
  };
}

/**
 * Calls `ask` when a confirmation page says that it is done, and, once `expect` was called, whenever this page gets
 * the focus back. Returns `expect`.
 *
 * @param service the service's origin
 */
export function watchConfirmation(win: Window, service: string, ask: () => void): () => void {
  let expected = false;
  const back = () => {
    if (expected && win.document.visibilityState === "visible") ask();
  };
  win.addEventListener("message", ({ origin, data }: MessageEvent) => {
    if (origin === service && data?.privacychoices === "confirmed") ask();
  });
  win.addEventListener("focus", back);
  win.document.addEventListener("visibilitychange", back);
  return () => {
    expected = true;
  };
}
