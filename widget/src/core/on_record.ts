/** On record: this browser's record as the core reads it, and the flag that it makes. Writes nothing. */

import { answer } from "./answer";
import { format, parse, same, type SiteRecord } from "./cookie";
import { needsService } from "./freshness";
import type { Parts } from "./manager";
import type { Flag, Reply } from "./protocol";
import { answered } from "./settle";

const LONGEST_TOKEN = 512;

export interface OnRecord {
  flag(): Flag;
  /** The record; null when there is none, or it can't be read. */
  record(): SiteRecord | null;
  /** The visitor token as it is presented: doubt about it is the service's to judge, never silence. */
  token(): string | undefined;
  /** True when the service must be asked. */
  stale(): boolean;
  /** True when nobody has to be waited for: what is on record is fresh, or the service was asked. */
  known(): boolean;
  /** Takes note that the service was asked, and whether it could answer. */
  noted(isAnswered: boolean): void;
  /** True when the cookie is what it was before this answer, or what the service itself has just made of it. */
  untouched(before: string | undefined, reply: Reply): boolean;
}

export function onRecord(parts: Parts): OnRecord {
  const { cookie, clock, rule, unread } = parts;
  const gpc = !!parts.gpc;
  /** Undefined as long as the service was not asked. */
  let couldAnswer: boolean | undefined;
  const parsed = () => parse(cookie.read());
  const stale = () => !unread() && (cookie.torn() || needsService(cookie.read(), gpc, clock.now(), rule.m));
  return {
    record: parsed,
    stale,
    flag() {
      // Whoever another tool knew is in doubt, which denies, until the service has looked for an imported opt-out.
      const doubt = unread() || (parts.brought.prior && cookie.read() === undefined) ? `; pc_${rule.s}=` : "";
      const flag = answer(rule, parts.tag, cookie.all() + doubt, parts.plain, gpc, clock.now());
      return parts.strings.speak(flag, couldAnswer === false);
    },
    token() {
      const record = parsed();
      return (record ? record.token : (cookie.read() || "").slice(0, LONGEST_TOKEN)) || undefined;
    },
    known: () => couldAnswer !== undefined || !stale(),
    noted(isAnswered) {
      couldAnswer = isAnswered;
    },
    untouched(before, reply) {
      const made = { ...answered(reply, clock.now()), identified: !!parsed()?.identified };
      // Its clock may be any other.
      return cookie.read() === before || same(cookie.read(), format(made), Infinity);
    },
  };
}
