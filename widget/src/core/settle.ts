/**
 * Settling: what the cookie holds after a choice made here, and after an answer of the service. Pure. Where the two
 * disagree the stricter holds, until the service says that the visitor confirmed an opt-in.
 */

import type { SiteRecord } from "./cookie";
import { RIGHTS, type Basis, type Flag, type Reply } from "./protocol";

/** Rights that a choice made here restricts. */
export interface Restriction {
  readonly sale_share?: "opt_out";
  readonly sensitive?: "limit";
}

/**
 * The record right after a choice made here; `maxAge` 0 says that the service has not acknowledged it.
 *
 * @param flag what holds now
 * @param now Unix milliseconds
 */
export function restricted(record: SiteRecord | null, flag: Flag, choice: Restriction, now: number): SiteRecord {
  return {
    letters: restrict(lettersOf(flag), choice),
    basis: "choice",
    gpc: !!record?.gpc,
    identified: !!record?.identified,
    asOf: Math.floor(now / 1e3),
    maxAge: 0,
    token: record?.token || "",
  };
}

/** Return the restriction of a record that was not acknowledged; null when there is none. */
export function unacknowledged(record: SiteRecord | null): Restriction | null {
  if (!record || record.basis !== "choice" || record.maxAge > 0) return null;
  return /^d|^.d/.test(record.letters) ? { sale_share: "opt_out" } : { sensitive: "limit" };
}

/** The record that an answer alone makes: what the service itself writes in first-party mode. */
export function answered({ flag, visitor }: Reply, now: number): SiteRecord {
  return {
    letters: lettersOf(flag),
    basis: flag.basis as Basis,
    gpc: flag.gpc,
    identified: false,
    asOf: Math.floor(now / 1e3),
    // 0 is kept for what is in doubt or not acknowledged.
    maxAge: flag.basis === "unavailable" ? 0 : Math.max(1, Math.floor(flag.max_age)),
    token: visitor || "",
  };
}

/**
 * The record after an answer, and whether a local opt-out got lost over there and must be sent again.
 *
 * @param record the record before the answer
 * @param pending restrictions not acknowledged yet
 * @param gpc whether the browser sends the signal, and so the service now knows of it
 * @param now Unix milliseconds
 */
export function settle(
  record: SiteRecord | null,
  reply: Reply,
  pending: readonly Restriction[],
  gpc: boolean,
  now: number,
): { record: SiteRecord; lost: boolean } {
  const { flag } = reply;
  // By this browser's clock: its age is measured by the same clock.
  const fresh = answered(reply, now);
  const deniedHere = !!record && isDenied(record);
  // In doubt the service denies everything; a denial that is known better here stays as it was.
  if (flag.basis === "unavailable" && record && deniedHere) return { record, lost: false };
  // A default can't answer for somebody who opted out here: the record got lost over there.
  const lost = deniedHere && record.basis === "choice" && flag.basis === "default";
  const unsent: readonly Restriction[] = lost ? [...pending, { sale_share: "opt_out" }] : pending;
  const letters = unsent.reduce(restrict, fresh.letters);
  const changed = letters !== fresh.letters || lost;
  return {
    record: {
      ...fresh,
      letters,
      gpc: gpc || fresh.gpc,
      identified: !!record?.identified,
      token: fresh.token || record?.token || "",
      ...(changed && { basis: "choice", maxAge: 0 }),
    },
    lost,
  };
}

/** Return true if neither sale nor sharing is allowed. */
export function isDenied({ letters }: SiteRecord): boolean {
  return letters.startsWith("dd");
}

/** One letter each for sale, share, sensitive. */
export function lettersOf(flag: Flag): string {
  return RIGHTS.map((right) => (flag[right] === "allowed" ? "a" : "d")).join("");
}

function restrict(letters: string, choice: Restriction): string {
  const first = choice.sale_share ? "dd" : letters.slice(0, 2);
  return first + (choice.sensitive ? "d" : letters.slice(2));
}
