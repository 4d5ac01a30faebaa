/** Choices: what the visitor chooses here. What restricts is in force at once; what allows, the service decides. */

import { format, type SiteRecord } from "./cookie";
import type { Core } from "./manager";
import type { Method } from "./protocol";
import { isDenied, restricted, type Restriction } from "./settle";

/** Rights to be allowed: each takes a second step where it was denied. */
export interface Permission {
  readonly sale_share?: "opt_in";
  readonly sensitive?: "lift";
}

/** Outcome of asking for a permission. */
export type Allowing =
  | { readonly kind: "kept" }
  | { readonly kind: "confirm"; readonly url: string }
  | { readonly kind: "failed" };

export interface Choices {
  /**
   * Opting out, or limiting: in force here at once, sent until it is acknowledged (CCPA regs § 7026(b): nothing else
   * is needed). Resolves when the service has it, or could not be reached for now.
   */
  restrict(choice: Restriction, method: Method): Promise<unknown>;
  /**
   * Asks that something be allowed. One call never does it after an opt-out or limit, or against a signal (§ 7028(a)):
   * then the answer is the page on which the visitor confirms. Never queued.
   */
  allow(method: Method, permission: Permission): Promise<Allowing>;
}

export function choicesOf(core: Core): Choices {
  const { cookie, service } = core;
  return {
    restrict(choice, method) {
      const record = core.record();
      // A page may call on every view; a person who chooses again is record again.
      if (method === "api" && saysAlready(record, choice)) return (async () => {})();
      core.enqueue(choice, method);
      service.drop();
      cookie.write(format(restricted(record, core.flag(), choice, core.clock.now())));
      core.tell();
      return core.flush();
    },
    async allow(method, permission) {
      if (core.pending().length && !(await core.flush())) return { kind: "failed" };
      return core.alone(async () => {
        const before = cookie.read();
        const { reply } = await service.post("choices", { ...core.make(permission, method), visitor: core.token() });
        if (!reply) return { kind: "failed" };
        const url = reply.confirm_url;
        if (url || core.untouched(before, reply)) core.adopt(reply);
        return url ? { kind: "confirm", url } : { kind: "kept" };
      });
    },
  };
}

/** Return whether the service has acknowledged this very choice already. */
function saysAlready(record: SiteRecord | null, choice: Restriction): boolean {
  if (!record || record.basis !== "choice" || !record.maxAge) return false;
  return (!choice.sale_share || isDenied(record)) && (!choice.sensitive || record.letters[2] === "d");
}
