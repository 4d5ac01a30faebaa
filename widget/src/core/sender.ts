/**
 * Sends what restricts until the service has acknowledged it: late, never lost. Each choice stands in the queue
 * before it is sent, under an id that all its attempts share.
 */

import type { Alone } from "./alone";
import { delay, mayGoBetter } from "./backoff";
import type { Cell } from "./cell";
import type { Clock } from "./clock";
import { add, decode, encode, postpone, remove, type Pending } from "./pending";
import type { Reply } from "./protocol";
import type { Service } from "./service";

export interface Sender {
  pending(): readonly Pending[];
  add(item: Pending): void;
  /** Sends all that is due; true when nothing is left. */
  flush(): Promise<boolean>;
  /** The page is going: sends at once what was added here and still waits for its turn. */
  hurry(): void;
}

/**
 * @param alone two tabs that send at once would make one choice two visitors'
 * @param token the visitor token at the moment of sending
 */
export function sender(
  queue: Cell,
  service: Service,
  clock: Clock,
  alone: Alone,
  token: () => string,
  acknowledged: (reply: Reply) => void,
): Sender {
  const refused = new Set<string>();
  const unsent = new Set<string>();
  let tries = 0;
  let waiting = false;

  const pending = () => decode(queue.read());
  const flush = () => alone(run);

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
    const visitor = token();
    unsent.delete(id);
    const { status, reply, wait } = await service.post("choices", visitor ? { ...choice, visitor } : choice);
    if (reply) {
      tries = 0;
      queue.write(encode(remove(pending(), id)));
      acknowledged(reply);
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

  function again(seconds: number): false {
    if (!waiting) {
      waiting = true;
      clock.later(seconds, () => {
        waiting = false;
        void flush();
      });
    }
    return false;
  }

  return {
    pending,
    flush,
    add(item) {
      unsent.add(item.id);
      queue.write(encode(add(pending(), item)));
    },
    hurry() {
      for (const item of pending()) if (unsent.has(item.id)) void send(item);
    },
  };
}
