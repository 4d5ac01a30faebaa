/** Questions: when the service is asked how things stand, and again when it could not answer. */

import { delay, mayGoBetter } from "./backoff";
import { memoryCell } from "./cell";
import type { Core } from "./manager";

/** After so many failed questions in a row the next page asks. */
const QUESTIONS = 4;

export interface Questions {
  /** Sends what waits and asks again what is stale. */
  resume(): Promise<void>;
  /** Asks the service how things stand. */
  ask(): Promise<void>;
}

export function questionsOf(core: Core): Questions {
  const { brought, clock, cookie, gpc } = core;
  const spare = memoryCell();
  let failures = 0;
  let asking: Promise<void> | undefined;

  async function question(): Promise<void> {
    // A signal's id outlives the page, so that a lost answer and its retry meet one visitor. Without a signal, and
    // without anything imported, nothing is recorded, and nothing is stored.
    const questionId = gpc || brought.prior ? core.signalId : spare;
    const id = questionId.read() || clock.id();
    questionId.write(id);
    const before = cookie.read();
    const storage = core.storage ? undefined : false;
    const body = { gpc, id, storage, ...brought, visitor: core.token() };
    const { status, reply, wait } = await core.service.post("signals", body);
    core.noted(!!reply);
    if (!reply) {
      if (mayGoBetter(status) && ++failures < QUESTIONS) {
        clock.later(delay(failures, wait, clock.chance()), () => void ask());
      }
      return core.refresh();
    }
    failures = 0;
    questionId.write(undefined);
    // A choice made meanwhile, here or in another tab, is newer than this answer.
    if (core.untouched(before, reply)) core.adopt(reply, true);
    else core.refresh();
  }

  function ask(): Promise<void> {
    asking =
      asking ||
      (async () => {
        try {
          await core.alone(question);
        } finally {
          asking = undefined;
        }
      })();
    return asking;
  }

  return {
    ask,
    async resume() {
      if (core.pending().length) await core.flush();
      // Another tab may have asked while this one waited for its turn.
      if (core.stale()) await core.alone(async () => void (core.stale() && (await question())));
    },
  };
}
