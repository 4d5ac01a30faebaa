/** Whether the service has to be asked. Pure: the cookie's text, the signal and the time decide. */

import { parse } from "./cookie";
import { isDenied } from "./settle";

/** Seconds for which a denied is good without asking again. */
const DENIED_IS_GOOD = 86400;

/**
 * @param gpc whether the browser sends the opt-out preference signal
 * @param now Unix milliseconds
 */
export function needsService(text: string | undefined, gpc: boolean, now: number): boolean {
  const kept = parse(text);
  if (!kept) return true;
  if (gpc && !kept.gpc) return true; // a signal that the service has not seen
  const good = isDenied(kept) && kept.basis !== "unavailable" ? DENIED_IS_GOOD : kept.maxAge;
  return Math.abs(now / 1e3 - kept.asOf) > good;
}
