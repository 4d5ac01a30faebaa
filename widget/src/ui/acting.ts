/** Acting: what a visitor's clicks do, in the words of the service. */

import type { Allowing } from "../core/choices";
import type { Method } from "../core/protocol";
import type { Subject } from "../settings/asking";
import type { Acts } from "./asking";
import { openTab, watchConfirmation } from "./confirming";

/** Choices of a switch that is turned off, and on. */
const WORDS = { sale_share: ["opt_out", "opt_in"], sensitive: ["limit", "lift"] } as const;

export interface Acting {
  /** Stops sale and sharing, or limits the use of what is sensitive. */
  restrict(subject: Subject, method: Method): void;
  /** Called in the visitor's click. */
  allow(subject: Subject, method: Method): Promise<Allowing>;
}

export function acting(win: Window, acts: Acts): Acting {
  const expectBack = watchConfirmation(win, () => void acts.ask());
  return {
    restrict: (subject, method) => void acts.restrict({ [subject]: WORDS[subject][0] }, method),
    async allow(subject, method) {
      const { sale, share, sensitive } = acts.flag();
      const answers = subject === "sensitive" ? [sensitive] : [sale, share];
      // Keeping what is allowed needs no second step, and so no tab.
      const lead = answers.includes("denied") ? openTab(win) : undefined;
      const came = await acts.allow(method, { [subject]: WORDS[subject][1] });
      const url = came.kind === "confirm" ? came.url : undefined;
      if (url) expectBack();
      lead?.(url);
      return came;
    },
  };
}
