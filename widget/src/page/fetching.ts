/** The service over fetch: JSON as text/plain, so that no preflight is needed; one answer or none, never a throw. */

import { retryAfter } from "../core/backoff";
import type { Reply } from "../core/protocol";
import type { Outcome, Service } from "../core/service";
import { json } from "../json";

/** Milliseconds after which an answer is given up. */
const PATIENCE = 5000;
const NO_ANSWER: Outcome = { status: 0, wait: 0 };

/** @param base the service's address with `/v1/<site>` */
export function fetchingService(base: string, credentials: RequestCredentials): Service {
  let asking: AbortController | undefined;
  return {
    drop() {
      asking?.abort();
    },
    async post(call, body) {
      const giveUp = new AbortController();
      // In first-party mode the answer brings a cookie with it: it may not come after a choice made here.
      const droppable = call === "signals" && credentials !== "omit";
      if (droppable) asking = giveUp;
      const timer = setTimeout(() => giveUp.abort(), PATIENCE);
      try {
        const response = await fetch(`${base}/${call}`, {
          method: "POST",
          body: json(body),
          credentials,
          keepalive: !droppable, // an opt-out outlives the page on which it was made
          cache: "no-store",
          signal: giveUp.signal,
        });
        return await outcome(response);
      } catch {
        return NO_ANSWER;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

async function outcome(response: Response): Promise<Outcome> {
  const { ok, status } = response;
  if (!ok) return { status, wait: retryAfter(response.headers.get("Retry-After"), Date.now()) };
  const reply = (await response.json()) as Partial<Reply> | null;
  // Something between here and the service may answer 200 to anything: only a flag is an answer.
  return reply?.flag?.sale ? { status, wait: 0, reply: reply as Reply } : NO_ANSWER;
}
