/**
 * The inline stub: answers `flag()` at once from the signal and the cookie, and queues every other call until the
 * script arrives. Every byte counts (1 KB with its configuration), and it may never throw into the page.
 */

import { answer } from "./core/answer";

/** Site, cookie name, strictest default, defaults by region, and the US Privacy strings where not the usual ones. */
declare const __STUB__: { s: string; k: string; d: string; r: Record<string, string>; u?: string[] };

const config = __STUB__;
const page = document;
const region = (((page.currentScript || page) as HTMLElement).dataset || ({} as DOMStringMap)).region;
/** The region first, then calls as [name, arguments], and whoever waits for `ready` as a function. */
const queue: unknown[] = [region];
let doubt: string | undefined;

const read = (): string | undefined => {
  try {
    // Of two cookies of one name the newer stands last: that is the one that tells a later opt-out.
    return doubt || (page.cookie.match(`.*\\b${config.k}=([^;]*)`) || [])[1];
  } catch (_) {
    return "?"; // a sandboxed frame may not read cookies: denied
  }
};
const later =
  (call: string, change?: string) =>
  (...given: unknown[]) => {
    doubt = change || doubt;
    queue.push([call, given]);
  };

(window as any).privacyChoices = {
  q: queue,
  flag: () =>
    answer(
      config.s,
      read(),
      (navigator as any).globalPrivacyControl === true,
      config.r[region!] || config.d,
      Date.now(),
      config.u,
    ),
  on: later("on"),
  open: later("open"),
  optOut: later("optOut", "?"), // denied from here on, although nothing is recorded yet
  ready: new Promise((done) => queue.push(done)),
};
