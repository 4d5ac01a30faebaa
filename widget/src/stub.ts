/**
 * The inline stub: answers `flag()` at once from the signal and the cookie, and queues every other call until the
 * script arrives. Every byte counts (1 KB with its configuration), and it may never throw into the page.
 */

import { answer } from "./core/answer";
import type { Rule, Tag } from "./core/protocol";

/** Put there by the service, which wraps the built stub into a function of this one parameter. */
declare const __STUB__: Rule;
/** A global of the page: the stub is no module and not strict. */
declare let privacyChoices: unknown;

const page = document;
const { dataset: tag = {} as Tag } = (page.currentScript || page) as HTMLElement;
/** The tag's data first, then calls as [name, arguments], and whoever waits for `ready` as a function. */
const queue: unknown[] = [tag];
let doubt: string | undefined;

const read = (): string | undefined => {
  try {
    // Of two cookies of one name the newer stands last: that is the one that tells a later opt-out. Without any,
    // the cookie of another consent tool leaves it in doubt until the script has read that one.
    return (
      doubt || (page.cookie.match(`^.*\\bpc_${__STUB__.s}=([^;]*)`) || page.cookie.match(__STUB__.p!) || [])[1]
    );
  } catch (_) {
    return "?"; // a sandboxed frame may not read cookies: denied
  }
};
const later =
  (name: string, change?: string) =>
  (...given: unknown[]) => {
    doubt = change || doubt;
    queue.push([name, given]);
  };

privacyChoices = {
  q: queue,
  flag: () => answer(__STUB__, tag, read(), (navigator as any).globalPrivacyControl === true, Date.now()),
  on: later("on"),
  open: later("open"),
  optOut: later("optOut", "?"), // denied from here on, although nothing is recorded yet
  ready: new Promise((done) => queue.push(done)),
};
