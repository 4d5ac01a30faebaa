/** The site's other tabs: tells them that something was written, and hears it from them. No content is passed. */

import { quietly } from "../quietly";

export interface Tabs {
  tell(): void;
}

/**
 * @param heard called when another tab wrote something
 * @param woken called when this page comes back from the back/forward cache
 */
export function tabs(win: Window, name: string, heard: () => void, woken: () => void): Tabs {
  let channel: BroadcastChannel | undefined;

  function open(): void {
    channel = quietly(() => new BroadcastChannel(name));
    if (channel) channel.onmessage = heard;
  }

  open();
  // An open channel can keep a page out of the back/forward cache.
  // https://web.dev/articles/bfcache#close-open-connections
  win.addEventListener("pagehide", () => {
    channel?.close();
  });
  win.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      open();
      woken();
    }
  });
  return { tell: () => void quietly(() => channel?.postMessage(1)) };
}
