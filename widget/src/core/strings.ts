/**
 * Strings: what a flag says in the words of the ad ecosystem. They are all made by the service: those of its answers
 * hold as long as that answer is the flag; for what the page knows by itself there is a table.
 */

import type { Cell } from "./cell";
import type { Config, Flag } from "./protocol";
import { lettersOf } from "./settle";

export interface Strings {
  /** @param silent whether the service was asked and could not answer: then a mere default speaks of doubt */
  say(flag: Flag, silent: boolean): Flag;
  /** Keeps what an answer of the service says, where the table does not say the same. */
  keep(flag: Flag): void;
}

/** @param kept holds the outcome, the sections' ids, the GPP and the US Privacy string of the last answer */
export function stringsOf({ rule, strings }: Pick<Config, "rule" | "strings">, kept: Cell): Strings {
  function say(flag: Flag, silent: boolean): Flag {
    const { basis, gpc } = flag;
    const outcome = lettersOf(flag) + +gpc;
    const doubt = basis === "unavailable" || (silent && basis === "default");
    const [was, ...own] = (kept.read() || "").split(" ");
    const named = Object.keys(strings).find((names) => names.includes(outcome));
    const [ids, gpp, us_privacy] = (
      doubt || (was !== outcome + basis && !named)
        ? [rule.g[0].join(), rule.g[gpc ? 2 : 1], rule.u[2]]
        : was === outcome + basis
          ? own
          : [...(strings[named as string] as string).split(" "), flag.us_privacy]
    ) as [string, string, string];
    return { ...flag, gpp, gpp_sid: ids.split(",").map(Number), us_privacy };
  }

  return {
    say,
    keep(flag) {
      kept.write(undefined);
      const { gpp, gpp_sid, us_privacy, basis, gpc } = flag;
      const own = say(flag, false);
      if (gpp && (gpp !== own.gpp || us_privacy !== own.us_privacy)) {
        kept.write([lettersOf(flag) + +gpc + basis, gpp_sid, gpp, us_privacy].join(" "));
      }
    },
  };
}
