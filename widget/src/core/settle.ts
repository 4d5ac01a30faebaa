/**
 * Settling: what the cookie holds after a choice made here, and after an answer of the service. Pure. Where the two
 * disagree the stricter holds, until the service says that the visitor confirmed an opt-in.
 */

import type { Kept } from "./cookie";
import { RIGHTS, type Basis, type Flag, type Reply } from "./protocol";

/** What a choice made here restricts. */
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
export function restricted(kept: Kept | null, flag: Flag, choice: Restriction, now: number): Kept {
  return {
    letters: restrict(lettersOf(flag), choice),
    basis: "choice",
    gpc: !!kept?.gpc,
    identified: !!kept?.identified,
    asOf: Math.floor(now / 1e3),
    maxAge: 0,
    token: kept?.token || "",
  };
}

/** What a record says was restricted here without an acknowledgement; null when nothing was. */
export function unacknowledged(kept: Kept | null): Restriction | null {
  if (!kept || kept.basis !== "choice" || kept.maxAge > 0) return null;
  return /^d|^.d/.test(kept.letters) ? { sale_share: "opt_out" } : { sensitive: "limit" };
}

/** The record that an answer alone makes: what the service itself writes in first-party mode. */
export function answered({ flag, visitor }: Reply, now: number): Kept {
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
 * @param kept the record before the answer
 * @param pending restrictions not acknowledged yet
 * @param gpc whether the browser sends the signal, and so the service now knows of it
 * @param now Unix milliseconds
 */
export function settle(
  kept: Kept | null,
  reply: Reply,
  pending: readonly Restriction[],
  gpc: boolean,
  now: number,
): { kept: Kept; lost: boolean } {
  const { flag } = reply;
  // By this browser's clock: its age is measured by the same clock.
  const told = answered(reply, now);
  const deniedHere = !!kept && isDenied(kept);
  // In doubt the service denies everything; a denial that is known better here stays as it was.
  if (flag.basis === "unavailable" && kept && deniedHere) return { kept, lost: false };
  // A default can't answer for somebody who opted out here: the record got lost over there.
  const lost = deniedHere && kept.basis === "choice" && flag.basis === "default";
  const unsent: readonly Restriction[] = lost ? [...pending, { sale_share: "opt_out" }] : pending;
  const letters = unsent.reduce(restrict, told.letters);
  const changed = letters !== told.letters || lost;
  return {
    kept: {
      ...told,
      letters,
      gpc: gpc || told.gpc,
      identified: !!kept?.identified,
      token: told.token || kept?.token || "",
      ...(changed && { basis: "choice", maxAge: 0 }),
    },
    lost,
  };
}

/** Whether neither sale nor sharing is allowed. */
export function isDenied({ letters }: Kept): boolean {
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
