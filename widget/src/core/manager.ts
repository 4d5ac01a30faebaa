/**
 * The manager: what this browser's flag is, when the service is asked, and what happens to its answers. It knows no
 * document, no network and no clock of its own; all come in through tiny interfaces.
 */

import { answer } from "./answer";
import { delay, mayGoBetter } from "./backoff";
import { memoryCell, type Cell } from "./cell";
import { rfc3339, type Clock } from "./clock";
import { format, parse, same, type Kept } from "./cookie";
import { needsService } from "./freshness";
import type { Pending } from "./pending";
import type { Flag, Method, Reply, Show } from "./protocol";
import { Sender } from "./sender";
import type { Service } from "./service";
import { answered, lettersOf, restricted, settle, unacknowledged, type Restriction } from "./settle";

/** After so many failed questions in a row the next page asks. */
const QUESTIONS = 4;
const LONGEST_TOKEN = 512;

export interface Parts {
  readonly site: string;
  /** Letters of the default that holds here. */
  readonly fallback: string;
  /** The US Privacy strings of this site, where they are not the usual ones. */
  readonly strings?: readonly string[] | undefined;
  /** `navigator.globalPrivacyControl`: null where the browser does not know it. */
  readonly gpc: boolean | null;
  readonly lang: string;
  /** False where the browser keeps no cookies: then a signal must not mint a visitor on every page. */
  readonly storage: boolean;
  readonly cookie: Cell;
  readonly queue: Cell;
  /** The id of a signal that the service has not answered yet. */
  readonly signalId: Cell;
  readonly service: Service;
  readonly clock: Clock;
  /** What the visitor brought back from the service's choices page, said with every question of this page. */
  readonly brought: object;
  /** Called when anything may look different. `changed`: an answer is another one than before. */
  readonly updated: (flag: Flag, changed: boolean) => void;
  /** Called when this page has written something that other tabs don't know yet. */
  readonly wrote: () => void;
}

/** What came of asking to allow sale and sharing. */
export type Allowing =
  | { readonly kind: "kept" }
  | { readonly kind: "confirm"; readonly url: string }
  | { readonly kind: "failed" };

export class Manager {
  private readonly sender: Sender;
  private readonly questionId: Cell;
  private letters: string;
  private asking: Promise<void> | undefined;
  private failures = 0;
  /** What the service said to show, and the cookie's text for which it said so. */
  private told: { readonly show: Show; readonly text: string | undefined } | undefined;

  constructor(private readonly parts: Parts) {
    // A signal's id outlives the page, so that a lost answer and its retry meet one visitor. Without a signal
    // nothing is recorded, and nothing is stored.
    this.questionId = parts.gpc ? parts.signalId : memoryCell();
    this.sender = new Sender(
      parts.queue,
      parts.service,
      parts.clock,
      () => this.token(),
      (reply) => this.take(reply, false),
    );
    this.letters = lettersOf(this.flag());
  }

  flag(): Flag {
    const { site, cookie, gpc, fallback, clock, strings } = this.parts;
    return answer(site, cookie.read(), gpc === true, fallback, clock.now(), strings);
  }

  /** What the page should show: the service's word on this page view, else what the flag tells. */
  show(): Show {
    if (this.told && this.told.text === this.parts.cookie.read()) return this.told.show;
    const { basis, gpc } = this.flag();
    return { banner: basis === "default" && !gpc, honored: basis === "gpc", conflict: false };
  }

  /** Takes up what an earlier page left, then asks the service if it must. Resolves after the first answer. */
  async start(): Promise<void> {
    const left = unacknowledged(this.kept());
    if (left && !this.sender.pending().length) this.enqueue(left, "other");
    await this.resume();
  }

  /** Sends what waits and asks again what is stale. */
  async resume(): Promise<void> {
    if (this.sender.pending().length) await this.sender.flush();
    const { cookie, gpc, clock } = this.parts;
    if (needsService(cookie.read(), gpc === true, clock.now())) await this.ask();
  }

  /** Asks the service how things stand. */
  ask(): Promise<void> {
    if (!this.asking) {
      this.asking = this.question().finally(() => {
        this.asking = undefined;
      });
    }
    return this.asking;
  }

  /** Opting out: in force here at once, sent until it is acknowledged (CCPA regs § 7026(b): nothing else is needed). */
  optOut(method: Method): void {
    this.restrict({ sale_share: "opt_out" }, method);
  }

  /**
   * Asks that sale and sharing be allowed. One call never does it after an opt-out or against a signal (§ 7028(a)):
   * then the answer is the page on which the visitor confirms. Never queued.
   */
  async allow(method: Method): Promise<Allowing> {
    if (this.sender.pending().length && !(await this.sender.flush())) return { kind: "failed" };
    const { clock, lang, service, cookie } = this.parts;
    const before = cookie.read();
    const { reply } = await service.post("choices", {
      sale_share: "opt_in",
      method,
      lang,
      made_at: rfc3339(clock.now()),
      id: clock.id(),
      ...this.visitor(),
    });
    if (!reply) return { kind: "failed" };
    if (reply.confirm_url) {
      this.take(reply, false);
      return { kind: "confirm", url: reply.confirm_url };
    }
    if (this.untouched(before, reply)) this.take(reply, false);
    return { kind: "kept" };
  }

  /** Another tab has written: what it wrote is newer than an answer on its way to this one. */
  overtaken(): void {
    this.parts.service.drop();
    this.refresh();
  }

  /** Looks again at what other tabs may have written, and tells what is different. */
  refresh(): void {
    const flag = this.flag();
    const letters = lettersOf(flag);
    const changed = letters !== this.letters;
    this.letters = letters;
    this.parts.updated(flag, changed);
  }

  private restrict(choice: Restriction, method: Method): void {
    const { cookie, clock } = this.parts;
    const kept = this.kept();
    // A page may call on every view; a person who chooses again is recorded again.
    if (method === "api" && saysAlready(kept, choice)) return;
    this.enqueue(choice, method);
    this.parts.service.drop();
    cookie.write(format(restricted(kept, this.flag(), choice, clock.now())));
    this.tell();
    void this.sender.flush();
  }

  private enqueue(choice: Restriction, method: Method): void {
    const { clock, lang } = this.parts;
    const item: Pending = { ...choice, id: clock.id(), method, lang, made_at: rfc3339(clock.now()) };
    this.sender.add(item);
  }

  private async question(): Promise<void> {
    const { cookie, gpc, service, clock, storage, brought } = this.parts;
    const id = this.questionId.read() || clock.id();
    this.questionId.write(id);
    const before = cookie.read();
    const { status, reply, wait } = await service.post("signals", {
      gpc,
      id,
      ...(storage ? {} : { storage }),
      ...brought,
      ...this.visitor(),
    });
    if (!reply) {
      if (mayGoBetter(status) && ++this.failures < QUESTIONS) {
        clock.later(delay(this.failures, wait, clock.chance()), () => void this.ask());
      }
      return;
    }
    this.failures = 0;
    this.questionId.write(undefined);
    // A choice made meanwhile, here or in another tab, is newer than this answer.
    if (!this.untouched(before, reply)) return this.refresh();
    this.take(reply, true);
  }

  /** Whether the cookie is what it was before this answer, or what the service itself has just made of it. */
  private untouched(before: string | undefined, reply: Reply): boolean {
    const { cookie, clock } = this.parts;
    const text = cookie.read();
    return text === before || same(text, format(answered(reply, clock.now())));
  }

  /** @param repair whether a choice that got lost over there is sent again */
  private take(reply: Reply, repair: boolean): void {
    const { cookie, gpc, clock } = this.parts;
    const kept = this.kept();
    // A cookie that can't be read was presented in vain: it stays, and denies, until somebody chooses.
    if (!kept && this.token() && reply.flag.basis === "unavailable") return this.refresh();
    const settled = settle(kept, reply, this.sender.pending(), gpc === true, clock.now());
    cookie.write(format(settled.kept));
    this.told = reply.show && { show: reply.show, text: cookie.read() };
    if (settled.lost && repair) {
      this.enqueue({ sale_share: "opt_out" }, "other");
      void this.sender.flush();
    }
    this.tell();
  }

  private tell(): void {
    this.parts.wrote();
    this.refresh();
  }

  private kept(): Kept | null {
    const text = this.parts.cookie.read();
    return text === undefined ? null : parse(text);
  }

  /** What is presented as visitor token: doubt about it is the service's to judge, never silence. */
  private token(): string {
    const kept = this.kept();
    return kept ? kept.token : (this.parts.cookie.read() || "").slice(0, LONGEST_TOKEN);
  }

  private visitor(): { visitor?: string } {
    const token = this.token();
    return token ? { visitor: token } : {};
  }
}

/** Whether the service has acknowledged this very choice already. */
function saysAlready(kept: Kept | null, choice: Restriction): boolean {
  if (!kept || kept.basis !== "choice" || !kept.maxAge) return false;
  return (!choice.sale_share || kept.letters.startsWith("dd")) && (!choice.sensitive || kept.letters.endsWith("d"));
}
