/** Freshness: if the service has to be asked. Pure: the cookie's text, the signal and the time decide. */

import { parse } from "./cookie";
import { isDenied } from "./settle";

/** Seconds for which a denied is good without asking again. */
const DENIED_IS_GOOD = 86400;

/** Seconds by which a text may be ahead: the service writes it too, by a clock of its own. */
const AHEAD = 60;

/**
 * @param gpc whether the browser sends the opt-out preference signal
 * @param now Unix milliseconds
 * @param longest the longest `max_age` of the site's answers, in seconds
 */
export function needsService(text: string | undefined, gpc: boolean, now: number, longest = Infinity): boolean {
  const record = parse(text);
  if (!record) return true;
  if (gpc && !record.gpc) return true; // a signal that the service has not seen
  const good = isDenied(record) && record.basis !== "unavailable" ? DENIED_IS_GOOD : Math.min(record.maxAge, longest);
  const age = now / 1e3 - record.asOf;
  return age > good || age < -AHEAD;
}
