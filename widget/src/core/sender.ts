/**
 * Sends what restricts until the service has acknowledged it: late, never lost. Each choice stands in the queue
 * before it is sent, under an id that all its attempts share.
 */

import { delay, mayGoBetter } from "./backoff";
import { rfc3339, type Clock } from "./clock";
import type { Core } from "./manager";
import { add, decode, encode, postpone, remove, type Pending } from "./pending";
import type { Method } from "./protocol";
import type { Restriction } from "./settle";

export interface Sender {
  pending(): readonly Pending[];
  /** The body of a choice made now, with an id of its own. */
  make<Choice>(choice: Choice, method: Method): Choice & Pick<Pending, "id" | "method" | "lang" | "made_at">;
  /** Puts a choice that is made now into the queue. */
  enqueue(choice: Restriction, method: Method): void;
  /** Sends all that is due; true when nothing is left. */
  flush(): Promise<boolean>;
  /** The page is going: sends at once what was added here and still waits for its turn. */
  leave(): void;
}

export function sender(core: Core): Sender {
  const { clock, queue } = core;
  const refused = new Set<string>();
  const unsent = new Set<string>();
  let tries = 0;
  const again = retrier(clock, () => void flush());

  const pending = () => decode(queue.read());
  // Two tabs that send at once would make one choice two visitors'.
  const flush = () => core.alone(run);

  async function run(): Promise<boolean> {
    let item: Pending | undefined;
    while ((item = pending().find(({ id }) => !refused.has(id)))) {
      const wait = ((item.after || 0) - clock.now()) / 1e3;
      if (wait > 0) return again(wait);
      if (!(await send(item))) return false;
    }
    return !pending().length;
  }

  async function send({ after, ...choice }: Pending): Promise<boolean> {
    const { id } = choice;
    unsent.delete(id);
    const { status, reply, wait } = await core.service.post("choices", { ...choice, visitor: core.token() });
    if (reply) {
      tries = 0;
      queue.write(encode(remove(pending(), id)));
      core.adopt(reply);
      return true;
    }
    if (!mayGoBetter(status)) {
      // Refused for good as it stands: it holds here, and the next page tries again.
      refused.add(id);
      return true;
    }
    const seconds = delay(++tries, wait, clock.chance());
    if (wait) queue.write(encode(postpone(pending(), id, clock.now() + seconds * 1e3)));
    return again(seconds);
  }

  const make: Sender["make"] = (choice, method) => ({
    ...choice,
    id: clock.id(),
    method,
    lang: core.lang(),
    made_at: rfc3339(clock.now()),
  });

  return {
    pending,
    flush,
    make,
    enqueue(choice, method) {
      const item = make(choice, method);
      unsent.add(item.id);
      queue.write(encode(add(pending(), item)));
    },
    leave() {
      for (const item of pending()) if (unsent.has(item.id)) void send(item);
    },
  };
}

/** Return what calls `act` in so many seconds, unless it is going to be called already; it gives false. */
function retrier(clock: Clock, act: () => void): (seconds: number) => false {
  let isWaiting = false;
  return (seconds) => {
    if (!isWaiting) {
      isWaiting = true;
      clock.later(seconds, () => {
        isWaiting = false;
        act();
      });
    }
    return false;
  };
}
