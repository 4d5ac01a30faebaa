/**
 * Sends what restricts until the service has acknowledged it: late, never lost. Each choice stands in the queue
 * before it is sent, under an id that all its attempts share.
 */

import { delay, mayGoBetter } from "./backoff";
import type { Cell } from "./cell";
import type { Clock } from "./clock";
import { add, decode, encode, postpone, remove, type Pending } from "./pending";
import type { Reply } from "./protocol";
import type { Service } from "./service";

export class Sender {
  private running: Promise<boolean> | undefined;
  private tries = 0;
  private waiting = false;
  private readonly refused = new Set<string>();

  constructor(
    private readonly queue: Cell,
    private readonly service: Service,
    private readonly clock: Clock,
    /** The visitor token at the moment of sending. */
    private readonly token: () => string,
    private readonly acknowledged: (reply: Reply) => void,
  ) {}

  pending(): readonly Pending[] {
    return decode(this.queue.read());
  }

  add(item: Pending): void {
    this.queue.write(encode(add(this.pending(), item)));
  }

  /** Sends all that is due; true when nothing is left. */
  flush(): Promise<boolean> {
    if (!this.running) {
      this.running = this.run().finally(() => {
        this.running = undefined;
      });
    }
    return this.running;
  }

  private async run(): Promise<boolean> {
    let item: Pending | undefined;
    while ((item = this.pending().find(({ id }) => !this.refused.has(id)))) {
      const wait = ((item.after || 0) - this.clock.now()) / 1e3;
      if (wait > 0) return this.again(wait);
      if (!(await this.send(item))) return false;
    }
    return !this.pending().length;
  }

  private async send(item: Pending): Promise<boolean> {
    const { after, ...choice } = item;
    const token = this.token();
    const { status, reply, wait } = await this.service.post("choices", token ? { ...choice, visitor: token } : choice);
    if (reply) {
      this.tries = 0;
      this.queue.write(encode(remove(this.pending(), item.id)));
      this.acknowledged(reply);
      return true;
    }
    if (!mayGoBetter(status)) {
      // Refused for good as it stands: it holds here, and the next page tries again.
      this.refused.add(item.id);
      return true;
    }
    const seconds = delay(++this.tries, wait, this.clock.chance());
    if (wait) this.queue.write(encode(postpone(this.pending(), item.id, this.clock.now() + seconds * 1e3)));
    return this.again(seconds);
  }

  private again(seconds: number): false {
    if (!this.waiting) {
      this.waiting = true;
      this.clock.later(seconds, () => {
        this.waiting = false;
        void this.flush();
      });
    }
    return false;
  }
}
