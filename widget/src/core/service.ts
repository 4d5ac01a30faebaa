/** The service as the core sees it: one POST, one outcome, and no exception whatever happens. */

import type { Reply } from "./protocol";

export interface Outcome {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** There only when the service answered as agreed. */
  readonly reply?: Reply;
  /** Seconds that the service asked to wait. */
  readonly wait: number;
}

export interface Service {
  post(call: "signals" | "choices", body: object): Promise<Outcome>;
  /** Gives up the page view that is being answered: what was decided meanwhile is newer than its answer. */
  drop(): void;
}
