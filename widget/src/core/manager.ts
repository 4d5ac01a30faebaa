/**
 * The manager: what this browser's flag is, when the service is asked, and what happens to its answers. It knows no
 * document, no network and no clock of its own; all come in through tiny interfaces.
 */

import type { Alone } from "./alone";
import { answer } from "./answer";
import { delay, mayGoBetter } from "./backoff";
import { memoryCell, type Cell, type RecordCell } from "./cell";
import { rfc3339, type Clock } from "./clock";
import { format, parse, same, type Kept } from "./cookie";
import { needsService } from "./freshness";
import type { Pending } from "./pending";
import type { Flag, Method, PriorId, Reply, Rule, Show, Tag } from "./protocol";
import { sender } from "./sender";
import type { Service } from "./service";
import { answered, isDenied, lettersOf, restricted, settle, unacknowledged, type Restriction } from "./settle";
import type { Strings } from "./strings";

/** After so many failed questions in a row the next page asks. */
const QUESTIONS = 4;
const LONGEST_TOKEN = 512;

export interface Parts {
  readonly rule: Rule;
  readonly tag: Tag;
  /** `navigator.globalPrivacyControl`: null where the browser does not know it. */
  readonly gpc: boolean | null;
  /** The language that the visitor reads. */
  readonly lang: () => string;
  /** False where the browser keeps no cookies: then a signal must not mint a visitor on every page. */
  readonly storage: boolean;
  readonly cookie: RecordCell;
  /** Whether a cookie under the plain name is the page's own. */
  readonly plain: boolean;
  readonly queue: Cell;
  /** The id of a signal that the service has not answered yet. */
  readonly signalId: Cell;
  readonly service: Service;
  readonly strings: Strings;
  readonly clock: Clock;
  /**
   * Said with every question of this page: what the visitor brought back from the service's choices page, and by which
   * id another tool knew them.
   */
  readonly brought: { prior?: PriorId | undefined };
  /** Whether what another tool noted denies, because nobody has read it yet. Then the service is not asked. */
  readonly unread: () => boolean;
  /** Turns with this page's other calls and those of other tabs. */
  readonly alone: Alone;
  /** Called when anything may look different. `changed`: an answer is another one than before. */
  readonly updated: (flag: Flag, changed: boolean) => void;
  /** Called when this page has written something that other tabs don't know yet. */
  readonly wrote: () => void;
}

/** What may be asked for, and takes a second step where it was denied. */
export interface Asked {
  readonly sale_share?: "opt_in";
  readonly sensitive?: "lift";
}

/** What came of asking. */
export type Allowing =
  | { readonly kind: "kept" }
  | { readonly kind: "confirm"; readonly url: string }
  | { readonly kind: "failed" };

export interface Manager {
  flag(): Flag;
  /** Whether nobody has to be waited for: what is on record is fresh, or the service was asked. */
  known(): boolean;
  /** Whether another tool's word denies unread. */
  unread(): boolean;
  /** What the page should show: the service's word on this page view, else what the flag tells. */
  show(): Show;
  /** Takes up what an earlier page left, then asks the service if it must. Resolves after the first answer. */
  start(): Promise<void>;
  /** Sends what waits and asks again what is stale. */
  resume(): Promise<void>;
  /** Asks the service how things stand. */
  ask(): Promise<void>;
  /**
   * Opting out, or limiting: in force here at once, sent until it is acknowledged (CCPA regs § 7026(b): nothing else
   * is needed). Resolves when the service has it, or could not be reached for now.
   */
  restrict(choice: Restriction, method: Method): Promise<unknown>;
  /**
   * Asks that something be allowed. One call never does it after an opt-out or limit, or against a signal (§ 7028(a)):
   * then the answer is the page on which the visitor confirms. Never queued.
   */
  allow(method: Method, asked: Asked): Promise<Allowing>;
  /** Another tab has written: what it wrote is newer than an answer on its way to this one. */
  overtaken(): void;
  /** Looks again at what other tabs may have written, and tells what is different. */
  refresh(): void;
  /** The page is going: what waits for its turn is sent at once. */
  leave(): void;
  /** What the service has not acknowledged yet. */
  pending(): readonly Pending[];
}

export function manage(parts: Parts): Manager {
  const { rule, tag, lang, storage, cookie, queue, service, strings, clock, alone, brought, unread } = parts;
  const gpc = parts.gpc === true;
  // A signal's id outlives the page, so that a lost answer and its retry meet one visitor. Without a signal, and
  // without anything imported, nothing is recorded, and nothing is stored.
  const spare = memoryCell();
  const questionId = () => (gpc || brought.prior ? parts.signalId : spare);
  const { pending, add, flush, hurry } = sender(queue, service, clock, alone, token, (reply) => take(reply, false));
  let failures = 0;
  /** Whether the service could answer when it was last asked; undefined as long as it was not. */
  let heard: boolean | undefined;
  let asking: Promise<void> | undefined;
  /** What the service said to show, and the cookie's text for which it said so. */
  let told: { readonly show: Show; readonly text: string | undefined } | undefined;
  let letters = lettersOf(flag());

  function flag(): Flag {
    // Whoever another tool knew is in doubt, which denies, until the service has looked for an imported opt-out.
    const doubt = unread() || (brought.prior && cookie.read() === undefined) ? `; pc_${rule.s}=` : "";
    return strings.speak(answer(rule, tag, cookie.all() + doubt, parts.plain, gpc, clock.now()), heard === false);
  }

  function kept(): Kept | null {
    return parse(cookie.read());
  }

  /** What is presented as visitor token: doubt about it is the service's to judge, never silence. */
  function token(): string {
    const record = kept();
    return record ? record.token : (cookie.read() || "").slice(0, LONGEST_TOKEN);
  }

  function visitor(): { visitor?: string } {
    return token() ? { visitor: token() } : {};
  }

  const stale = () => !unread() && (cookie.torn() || needsService(cookie.read(), gpc, clock.now(), rule.m));

  async function resume(): Promise<void> {
    if (pending().length) await flush();
    // Another tab may have asked while this one waited for its turn.
    if (stale()) await alone(async () => void (stale() && (await question())));
  }

  function ask(): Promise<void> {
    asking =
      asking ||
      (async () => {
        try {
          await alone(question);
        } finally {
          asking = undefined;
        }
      })();
    return asking;
  }

  async function question(): Promise<void> {
    const id = questionId().read() || clock.id();
    questionId().write(id);
    const before = cookie.read();
    const body = { gpc: parts.gpc, id, ...(storage ? {} : { storage }), ...brought, ...visitor() };
    const { status, reply, wait } = await service.post("signals", body);
    heard = !!reply;
    if (!reply) {
      if (mayGoBetter(status) && ++failures < QUESTIONS) {
        clock.later(delay(failures, wait, clock.chance()), () => void ask());
      }
      return refresh();
    }
    failures = 0;
    questionId().write(undefined);
    // A choice made meanwhile, here or in another tab, is newer than this answer.
    if (untouched(before, reply)) take(reply, true);
    else refresh();
  }

  /** Whether the cookie is what it was before this answer, or what the service itself has just made of it. */
  function untouched(before: string | undefined, reply: Reply): boolean {
    const record = kept();
    const made = { ...answered(reply, clock.now()), identified: !!record?.identified };
    // Its clock may be any other.
    return cookie.read() === before || same(cookie.read(), format(made), Infinity);
  }

  /** @param repair whether a choice that got lost over there is sent again */
  function take(reply: Reply, repair: boolean): void {
    const record = kept();
    // A cookie that can't be read was presented in vain: it stays, and denies, until somebody chooses.
    if (!record && token() && reply.flag.basis === "unavailable") return refresh();
    strings.hold(reply.flag);
    const settled = settle(record, reply, pending(), gpc, clock.now());
    cookie.write(format(settled.kept));
    told = reply.show && { show: reply.show, text: cookie.read() };
    if (settled.lost && repair) {
      enqueue({ sale_share: "opt_out" }, "other");
      void flush();
    }
    tell();
  }

  function restrict(choice: Restriction, method: Method): Promise<unknown> {
    const record = kept();
    // A page may call on every view; a person who chooses again is recorded again.
    if (method === "api" && saysAlready(record, choice)) return (async () => {})();
    enqueue(choice, method);
    service.drop();
    cookie.write(format(restricted(record, flag(), choice, clock.now())));
    tell();
    return flush();
  }

  function enqueue(choice: Restriction, method: Method): void {
    add({ ...choice, id: clock.id(), method, lang: lang(), made_at: rfc3339(clock.now()) });
  }

  async function allow(method: Method, asked: Asked): Promise<Allowing> {
    if (pending().length && !(await flush())) return { kind: "failed" };
    return alone(async () => {
      const before = cookie.read();
      const chosen = { ...asked, method, lang: lang(), made_at: rfc3339(clock.now()), id: clock.id(), ...visitor() };
      const { reply } = await service.post("choices", chosen);
      if (!reply) return { kind: "failed" };
      const url = reply.confirm_url;
      if (url || untouched(before, reply)) take(reply, false);
      return url ? { kind: "confirm", url } : { kind: "kept" };
    });
  }

  function tell(): void {
    parts.wrote();
    refresh();
  }

  function refresh(): void {
    const now = flag();
    const changed = lettersOf(now) !== letters;
    letters = lettersOf(now);
    parts.updated(now, changed);
  }

  return {
    flag,
    resume,
    refresh,
    pending,
    unread,
    known: () => heard !== undefined || !stale(),
    leave: hurry,
    overtaken() {
      service.drop();
      refresh();
    },
    show() {
      if (told && told.text === cookie.read()) return told.show;
      const { basis, gpc: heard } = flag();
      return { banner: basis === "default" && !heard, honored: basis === "gpc", conflict: false };
    },
    start() {
      const record = kept();
      const left = unacknowledged(record);
      if (left && !pending().length) enqueue(left, "other");
      // Browsers forget what is not written again. Only a denial: it can't undo what another tab writes just now, and
      // an allowed is written by the answer that it needs every few minutes.
      if (record && isDenied(record) && !cookie.torn()) cookie.write(format(record));
      return resume();
    },
    ask,
    restrict,
    allow,
  };
}

/** Whether the service has acknowledged this very choice already. */
function saysAlready(kept: Kept | null, choice: Restriction): boolean {
  if (!kept || kept.basis !== "choice" || !kept.maxAge) return false;
  return (!choice.sale_share || isDenied(kept)) && (!choice.sensitive || kept.letters[2] === "d");
}
