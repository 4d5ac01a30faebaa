/** Backoff: the time to wait before the next attempt. Pure: chance is a parameter. */

const LONGEST = 300;
const LONGEST_ASKED = 3600;

/**
 * Seconds until the next attempt.
 *
 * @param tries attempts that failed so far, from 1
 * @param asked seconds that the service asked to wait (Retry-After), 0 when it did not
 * @param chance in [0, 1): spreads those who failed together
 */
export function delay(tries: number, asked: number, chance: number): number {
  const own = Math.min(LONGEST, 2 ** tries) * (0.5 + chance / 2);
  return Math.max(own, Math.min(asked, LONGEST_ASKED));
}

/** Seconds asked for by a Retry-After header, which may also be a date; 0 when there is none. */
export function retryAfter(header: string | null, now: number): number {
  const seconds = +header! || (Date.parse(header || "") - now) / 1e3;
  return seconds > 0 ? seconds : 0;
}

/** Return true if the same request may go better later: no answer, time-out, too many, or trouble over there. */
export function mayGoBetter(status: number): boolean {
  return !status || status === 408 || status === 429 || status >= 500;
}
