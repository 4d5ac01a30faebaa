/** Taking turns with the site's other tabs, by a Web Lock where the browser has them and lets this page use them. */

import { queued, type Alone } from "../core/alone";

export function aloneIn(win: Window, name: string): Alone {
  const locks = win.navigator.locks as LockManager | undefined;
  return queued(<Made>(act: () => Promise<Made>) => {
    let begun: Promise<Made> | undefined;
    const begin = () => (begun = act());
    // A sandboxed frame has the interface and may not use it.
    // https://w3c.github.io/web-locks/#api-lock-manager-request
    return locks ? (locks.request(name, begin) as Promise<Made>).catch(() => begun || begin()) : begin();
  });
}
