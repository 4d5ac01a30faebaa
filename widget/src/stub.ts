/**
 * The inline stub: answers `flag()` at once from the signal and the cookie, and the ad ecosystem's own APIs from the
 * flag; every other call is queued until the script arrives. Every byte counts, and it may never throw into the page.
 */

import { answer } from "./core/answer";
import type { Flag, Rule } from "./core/protocol";
import { quietly } from "./quietly";
import { gpp, voice, waitForScript } from "./stub/gpp";
import { uspapi } from "./stub/uspapi";
import { later, queue, tag } from "./stub/waiting";

/** Put there by the service, which wraps the built stub into a function of this one parameter. */
declare const __STUB__: Rule;
/** Globals of the page: the stub is no module and not strict. */
declare let privacyChoices: { flag(): Flag; [member: string]: unknown };
declare let __gpp: unknown;
declare let __uspapi: unknown;

/**
 * So many calls wait for the script at most before messages do no more: in a page without it they would pile up. Far
 * more than pages chat while they load, for looking here whether a message is ours takes more bytes than there are.
 */
const ENOUGH = 9999;

const name = "pc_" + __STUB__.s;
/** A cookie that nobody can read, in the place of all from when somebody opted out here. */
let doubt: string | undefined;

/** Every text on record. A denial is mirrored in storage: whoever makes the browser drop our cookie lifts nothing. */
const read = (): string =>
  // A sandboxed frame may not read cookies: denied.
  quietly(() => doubt ?? document.cookie, name + "=") + "; " + quietly(() => localStorage[name + "_d"]);

privacyChoices = {
  q: queue,
  g: voice,
  flag: () =>
    answer(
      __STUB__,
      tag,
      read(),
      // Only the host itself can write a cookie of the prefixed name; the plain one may be any sibling subdomain's.
      !__STUB__.h || location.protocol == "http:",
      (navigator as any).globalPrivacyControl === true,
      +new Date(),
    ),
  on: later("on"),
  open: later("open"),
  optOut() {
    doubt = name + "="; // denied from here on, although nothing is recorded yet
    later("optOut")();
  },
  // Fails where the page calls something else so.
  ready: quietly(() => new Promise((done) => queue.push(done))),
};
__gpp = gpp;
__uspapi = uspapi;
// What follows may fail where a page has replaced what it takes: the page's functions are there.
waitForScript();
addEventListener("message", (event) => queue[ENOUGH] || voice.hear(event));
/**
 * By these frames' names other documents find the page that answers. Once there is a body they stand in the head, behind
 * all that the parser has put there: before that, and anywhere else in a document, React 18 hydrates past no element
 * that it does not know. Whatever draws the page anew, they are there again before anybody else runs.
 */
for (const name of ["__gppLocator", "__uspapiLocator"]) {
  const frame = document.createElement("iframe");
  // Whoever takes it out each time would halt the page.
  let tries = ENOUGH;
  const place = () =>
    quietly(() => document.body && document.head != frame.parentNode && tries-- && document.head.appendChild(frame));
  frame.name = name;
  place();
  new MutationObserver(place).observe(document, { childList: true, subtree: true });
}
