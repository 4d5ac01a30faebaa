/**
 * The flag, from what the page has at hand: the texts on record and the browser's signal. No network, no clock, no
 * document. The inline stub and the script share this very rule, so that they can't disagree; the stub's budget is
 * why it is written tersely.
 */

import { rfc3339 } from "./clock";
import type { Answer, Basis, Flag, Rule, Tag } from "./protocol";

/** What one text says; as texts, such lines sort by strictness. */
type Line = [letters: string, basis: string, ...marksAsOfMaxAge: any[]];

/**
 * For each right the strictest of all texts answers. What is allowed counts for a day, in a text that only this page
 * or its server can have written, and not when its time or its `max_age` can't be theirs; else it is no answer.
 *
 * @param rule the site's facts
 * @param tag what the embedding tag says
 * @param found all texts on record, each with the name of its cookie, as `document.cookie` gives them
 * @param plain whether a cookie under the plain name is this page's own
 * @param gpc whether the browser sends the opt-out preference signal
 * @param now Unix milliseconds
 */
export function answer(rule: Rule, tag: Tag, found: string, plain: boolean, gpc: boolean, now: number): Flag {
  const lines: Line[] = [];
  let doubt: unknown;
  let tool: unknown; // another consent tool's cookie, where no text is this page's own
  // Doubt means denied: what can't be read is not "nothing on record", and a consumer is not this device's visitor.
  let missing: unknown = tag.consumer ? [] : [rule.d.split(` ${tag.region}:`)[1] || rule.d, "default"];
  const add = (letters = "ddd", basis = "unavailable", ...rest: any[]): void => {
    doubt = doubt || basis > "u"; // of all the words for a basis only `unavailable`
    // CCPA regs § 7025(c)(1): the signal opts out of sale and sharing, whatever is stored, unless the visitor
    // affirmed in two steps that this site may ignore it. It says nothing about sensitive information.
    lines.push(gpc && basis != "affirmed" ? ["dd" + letters[2], "gpc", ...rest] : [letters, basis, ...rest]);
  };
  for (const [, prefix, letters, basis, marks, asOf, maxAge, prior] of found.matchAll(rule.p as any) as any) {
    if (prior) tool = tool ?? missing;
    else if (!letters || (tag.consumer && marks < 2)) add();
    else {
      const own = prefix ? prefix[1] : plain; // the mirror's is one character
      if (own) tool = 0;
      // An age from a minute before now, for clocks differ, to a day.
      if (own && Math.abs(now / 1e3 - asOf - 43170) <= 43230 && !(maxAge > rule.m!)) missing = 0;
      else if (letters < "aab") continue;
      add(letters, basis, marks, asOf, maxAge);
    }
  }
  if (missing) add(...(tool ? [] : (missing as [])));
  const [letters, basis, marks, asOf, maxAge] = lines.sort().reverse()[0] as Line;
  // No method says what is allowed: a page may have replaced it, and the stub has none of its own.
  const say = (place: number): Answer => {
    for (const [text] of lines) if (text[place] != "a") return "denied";
    return "allowed";
  };
  return {
    site: rule.s,
    sale: say(0),
    share: say(1),
    sensitive: say(2),
    basis: basis as Basis,
    gpc: gpc || marks % 2 > 0,
    us_privacy: rule.u[doubt ? 2 : letters > "ab" ? 1 : 0],
    as_of: rfc3339(asOf * 1e3 || now),
    max_age: ~~maxAge,
  };
}
