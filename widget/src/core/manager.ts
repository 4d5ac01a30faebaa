/**
 * The manager: the browser's flag, when the service is asked, and what happens to its answers. It knows no document,
 * no network and no clock of its own; all come in through tiny interfaces.
 */

import type { Alone } from "./alone";
import { answersOf, type Answers } from "./answers";
import type { Cell, RecordCell } from "./cell";
import { choicesOf, type Choices } from "./choices";
import type { Clock } from "./clock";
import { format } from "./cookie";
import { onRecord, type OnRecord } from "./on_record";
import type { Pending } from "./pending";
import type { Flag, PriorId, Rule, Show, Tag } from "./protocol";
import { questionsOf, type Questions } from "./questions";
import { sender, type Sender } from "./sender";
import type { Service } from "./service";
import { isDenied, unacknowledged } from "./settle";
import type { Strings } from "./strings";

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
  /** True if a cookie under the plain name is the page's own. */
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
  /** Return true if another tool's cookies deny, because nobody has read them yet. Then the service is not asked. */
  readonly unread: () => boolean;
  /** Turns with this page's other calls and those of other tabs. */
  readonly alone: Alone;
  /** Called when anything may look different. `changed`: an answer is another one than before. */
  readonly updated: (flag: Flag, changed: boolean) => void;
  /** Called when this page has written something that other tabs don't know yet. */
  readonly wrote: () => void;
}

export interface Manager extends Questions, Choices {
  flag(): Flag;
  /** True when nobody has to be waited for: what is on record is fresh, or the service was asked. */
  known(): boolean;
  /** True when another tool's word denies unread. */
  unread(): boolean;
  /** The parts of the view for this page: the service's word on this page view, else by the flag. */
  show(): Show;
  /** Takes up what an earlier page left, then asks the service if it must. Resolves after the first answer. */
  start(): Promise<void>;
  /** Another tab has written: what it wrote is newer than an answer on its way to this one. */
  overtaken(): void;
  /** Looks again at what other tabs may have written, and tells what is different. */
  refresh(): void;
  /** The page is going: what waits for its turn is sent at once. */
  leave(): void;
  /** Choices that the service has not acknowledged yet. */
  pending(): readonly Pending[];
}

/** All that the manager is made of: each of its functions finds the others here. */
export type Core = Parts & OnRecord & Sender & Answers & Questions & Choices;

export function manage(parts: Parts): Manager {
  const core = { ...parts, ...onRecord(parts) } as Core;
  return Object.assign(core, sender(core), answersOf(core), questionsOf(core), choicesOf(core), {
    overtaken() {
      core.service.drop();
      core.refresh();
    },
    start() {
      const record = core.record();
      const left = unacknowledged(record);
      if (left && !core.pending().length) core.enqueue(left, "other");
      // Browsers forget what is not written again. Only a denial: it can't undo what another tab writes just now, and
      // an allowed is written by the answer that it needs every few minutes.
      if (record && isDenied(record) && !core.cookie.torn()) core.cookie.write(format(record));
      return core.resume();
    },
  });
}
