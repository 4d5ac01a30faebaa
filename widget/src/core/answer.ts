/**
 * The flag, from what the page has at hand: the texts on record and the browser's signal. No network, no clock, no
 * document. The inline stub and the script share this very rule, so that they can't disagree; the stub's budget is
 * why it is written tersely.
 */

import type { Answer, Basis, Flag, Rule, Tag } from "./protocol";

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
  // No method says what is allowed: a page may have replaced it, and the stub has none of its own.
  const says: Answer[] = ["allowed", "allowed", "allowed"]; // sale, share, sensitive
  let voice = 0; // which of the US Privacy strings
  let tool: unknown; // another consent tool's cookie, where no text is this page's own
  let missing = 1;
  let strictest: any[] = [""];
  const add = (letters = "ddd", basis = "unavailable", ...rest: any[]): void => {
    voice = "u" < basis ? 2 : voice; // of all the words for a basis `unavailable` alone is behind "u" in the alphabet
    // CCPA regs § 7025(c)(1): the signal opts out of sale and sharing, whatever is stored, unless the visitor
    // affirmed in two steps that this site may ignore it. It says nothing about sensitive information.
    if (gpc && basis != "affirmed") {
      letters = "dd" + letters[2];
      basis = "gpc";
    }
    for (const right in says) if (letters[right as any] != "a") says[right as any] = "denied";
    voice = voice || +(letters > "ab");
    // Such texts sort by strictness.
    letters += basis;
    if (letters > strictest[0]) strictest = [letters, basis, ...rest];
  };
  for (const [[first], prefix, letters, basis, marks, asOf, maxAge, prior] of found.matchAll(rule.p as any) as any) {
    if (prior) tool = tool ?? 1;
    else if (letters && !(tag.consumer && marks < 2)) {
      const own = prefix ? prefix[1] : plain; // the mirror's is one character
      const age = now / 1e3 - asOf;
      if (own) tool = 0;
      // From a minute before now, for clocks differ, to a day.
      if (own && age >= -60 && age <= 86400 && !(maxAge > rule.m!)) missing = 0;
      else if (letters < "aab") continue;
      add(letters, basis, marks, asOf, maxAge);
    }
    // Doubt means denied: what can't be read is not "nothing on record", and a consumer is not this device's visitor.
    // Last comes the text's end, which is nothing.
    else if (first || (missing && (tool || tag.consumer))) add();
    else if (missing) add(rule.r[tag.region!] || rule.d, "default");
  }
  // Without its end the text was not read: the page has replaced what reads it.
  if (!strictest[1]) add();
  const [, basis, marks, asOf, maxAge] = strictest;
  return {
    sale: says[0]!,
    share: says[1]!,
    sensitive: says[2]!,
    gpc: gpc || marks % 2 == 1,
    us_privacy: rule.u[voice as 0 | 1 | 2],
    basis: basis as Basis,
    max_age: ~~maxAge,
    // As `rfc3339` does; a function for it takes more bytes in the stub.
    as_of: new Date(asOf * 1e3 || now).toJSON().slice(0, 19) + "Z",
    site: rule.s,
  };
}
