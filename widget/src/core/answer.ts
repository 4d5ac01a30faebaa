/**
 * The flag, from what the page has at hand: the texts on record and the browser's signal. No network, no clock, no
 * document. The inline stub and the script share this very rule, so that they can't disagree; the stub's budget is
 * why it is written tersely.
 */

import { rfc3339 } from "./clock";
import type { Answer, Flag, Rule, Tag } from "./protocol";

/**
 * For each right the strictest of all texts answers. What is allowed counts for a day, in a text that only this page
 * or its server can have written, and not when its time or its `max_age` can't be theirs; else it is no answer.
 *
 * The stub calls this before any other script runs. What comes of it uses nothing of the browser's that a page could
 * replace afterwards: no global, and no method but its own object's.
 *
 * @param rule the site's facts
 * @param tag what the embedding tag says
 * @param plain whether a cookie under the plain name is this page's own
 * @param gpc whether the browser sends the opt-out preference signal
 * @returns a function of all texts on record, each with the name of its cookie, as `document.cookie` gives them, and
 *   of the time, in Unix milliseconds
 */
export function answering(rule: Rule, tag: Tag, plain: boolean, gpc: boolean): (found: string, now: number) => Flag {
  const pattern = RegExp(rule.p, "g");
  const usual = rule.d.split(` ${tag.region}:`)[1] || rule.d;
  pattern.exec = pattern.exec;
  return (found, now) => {
    const say = (denied: unknown): Answer => (denied ? "denied" : "allowed");
    let sale: unknown;
    let share: unknown;
    let sensitive: unknown;
    let doubt: unknown;
    let tool: unknown; // another consent tool's cookie, where no text is this page's own
    // Doubt means denied: what can't be read is not "nothing on record", and a consumer is not this device's visitor.
    let missing: any = tag.consumer ? [] : [usual, "default"];
    // As texts, such lines sort by strictness: the strictest says why.
    let strictest = "";
    let why: any;
    const add = (letters = "ddd", basis = "unavailable", marks?: any, asOf?: any, maxAge?: any): void => {
      doubt = doubt || basis > "u"; // of all the words for a basis only `unavailable`
      // CCPA regs § 7025(c)(1): the signal opts out of sale and sharing, whatever is stored, unless the visitor
      // affirmed in two steps that this site may ignore it. It says nothing about sensitive information.
      if (gpc && basis != "affirmed") {
        letters = "dd" + letters[2];
        basis = "gpc";
      }
      const line = letters + basis + marks + asOf;
      if (line > strictest) {
        strictest = line;
        why = [basis, marks, asOf, maxAge];
      }
      sale = sale || letters[0] != "a";
      share = share || letters[1] != "a";
      sensitive = sensitive || letters[2] != "a";
    };
    for (let match: any; (match = pattern.exec(found)); ) {
      const [, prefix, letters, basis, marks, asOf, maxAge, prior] = match;
      if (prior) tool = tool ?? missing;
      else if (!letters || (tag.consumer && marks < 2)) add();
      else {
        const own = prefix ? prefix[1] : plain; // the mirror's is one character
        if (own) tool = 0;
        // An age from a minute before now, for clocks differ, to a day.
        if (own && (now / 1e3 - asOf - 43170) ** 2 <= 43230 ** 2 && !(maxAge > rule.m!)) missing = 0;
        else if (letters < "aab") continue;
        add(letters, basis, marks, asOf, maxAge);
      }
    }
    if (missing) add(...(tool ? [] : missing));
    const basis = why[0];
    return {
      site: rule.s,
      sale: say(sale),
      share: say(share),
      sensitive: say(sensitive),
      basis,
      gpc: gpc || why[1] % 2 > 0,
      us_privacy: rule.u[doubt ? 2 : +(strictest > "ab")]!,
      as_of: rfc3339(why[2] * 1e3 || now),
      max_age: ~~why[3],
    };
  };
}
