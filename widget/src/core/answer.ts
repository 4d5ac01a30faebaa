/**
 * The flag, from what the page has at hand: the cookie's text and the browser's signal. No network, no clock, no
 * document. The inline stub and the script share this very rule, so that they can't disagree; the stub's budget is
 * why it is written tersely.
 */

import { rfc3339 } from "./clock";
import { SHAPE } from "./cookie";
import type { Answer, Basis, Flag, Rule, Tag } from "./protocol";

/**
 * @param rule the site's facts
 * @param tag what the embedding tag says
 * @param text the cookie's text, undefined when there is none
 * @param gpc whether the browser sends the opt-out preference signal
 * @param now Unix milliseconds
 */
export function answer(rule: Rule, tag: Tag, text: string | undefined, gpc: boolean, now: number): Flag {
  const fallback = rule.d.split(` ${tag.region}:`)[1] || rule.d;
  const found = SHAPE.exec(text as string) as readonly (string | undefined)[] | null;
  // Doubt means denied: what can't be read is not "nothing on record", and a consumer is not this device's visitor.
  let [, letters = "ddd", basis = "unavailable", marks, asOf, maxAge] =
    (tag.consumer ? found && found[3]! > "1" && found : text == null ? [, fallback, "default"] : found) || [];
  const doubt = basis > "u"; // of all the words for a basis only `unavailable`
  const at = (asOf as unknown as number) * 1e3 || now;
  // Only an allowed goes stale, after a day: a denial stays until the service says otherwise.
  if (Math.abs(now - at) > 864e5) {
    if (letters < "b") basis = "default";
    letters = letters.replace(/a/g, (_, place: number) => fallback[place]!);
  }
  // CCPA regs § 7025(c)(1): the signal opts out of sale and sharing, whatever is stored, unless the visitor
  // affirmed in two steps that this site may ignore it. It says nothing about sensitive information.
  if (gpc && basis != "affirmed") {
    letters = "dd" + letters[2];
    basis = "gpc";
  }
  const say = (place: number): Answer => (letters[place]! < "b" ? "allowed" : "denied");
  return {
    site: rule.s,
    sale: say(0),
    share: say(1),
    sensitive: say(2),
    basis: basis as Basis,
    gpc: gpc || (marks as unknown as number) % 2 > 0,
    us_privacy: rule.u[doubt ? 2 : letters > "ab" ? 1 : 0],
    as_of: rfc3339(at),
    max_age: ~~maxAge!,
  };
}
