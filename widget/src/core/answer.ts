/**
 * The flag, from what the page has at hand: the cookie's text and the browser's signal. No network, no clock, no
 * document. The inline stub and the script share this very rule, so that they can't disagree; the stub's budget is
 * why it is written tersely.
 */

import { SHAPE } from "./cookie";
import type { Answer, Basis, Flag } from "./protocol";

/**
 * @param text the cookie's text, undefined when there is none
 * @param gpc whether the browser sends the opt-out preference signal
 * @param fallback letters of the default for sale, share, sensitive
 * @param now Unix milliseconds
 * @param strings the US Privacy string for neither denied, either denied, and in doubt
 */
export function answer(
  site: string,
  text: string | undefined,
  gpc: boolean,
  fallback: string,
  now: number,
  strings: readonly string[] = ["1YNN", "1YYN", "1YYN"],
): Flag {
  // Doubt means denied: what can't be read is not "nothing on record".
  let [, letters = "ddd", basis = "unavailable", seen, asOf, maxAge = 0] =
    text == null ? [, fallback, "default"] : SHAPE.exec(text) || [];
  const doubt = basis > "u"; // of all the words for a basis only `unavailable`
  const at = asOf ? +asOf * 1e3 : now;
  // Only an allowed goes stale, after a day: a denial stays until the service says otherwise.
  if (Math.abs(now - at) > 864e5) {
    if (letters[0] == "a") basis = "default";
    letters = letters.replace(/a/g, (_, place: number) => fallback[place]!);
  }
  // CCPA regs § 7025(c)(1): the signal opts out of sale and sharing, whatever is stored, unless the visitor
  // affirmed in two steps that this site may ignore it. It says nothing about sensitive information.
  if (gpc && basis != "affirmed") {
    letters = "dd" + letters[2];
    basis = "gpc";
  }
  const say = (place: number): Answer => (letters[place] == "a" ? "allowed" : "denied");
  return {
    site,
    sale: say(0),
    share: say(1),
    sensitive: say(2),
    basis: basis as Basis,
    gpc: gpc || seen == "1",
    us_privacy: strings[doubt ? 2 : +(letters > "ab")]!,
    as_of: new Date(at).toISOString().slice(0, 19) + "Z",
    max_age: +maxAge,
  };
}
