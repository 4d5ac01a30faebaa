/**
 * Strings: what a flag says in the words of the ad ecosystem. They are all made by the service: those of its answers
 * hold as long as that answer is the flag; for what the page knows by itself there is a table.
 */

import type { Cell } from "./cell";
import type { Config, Flag } from "./protocol";
import { lettersOf } from "./settle";

export interface Strings {
  /** @param silent whether the service was asked and could not answer: then a mere default speaks of doubt */
  speak(flag: Flag, silent: boolean): Flag;
  /** Keeps what an answer of the service says. */
  hold(flag: Flag): void;
}

/** @param last holds the outcome, the sections' ids, the GPP and the US Privacy string of the last answer */
export function stringsOf({ rule, strings }: Pick<Config, "rule" | "strings">, last: Cell): Strings {
  const outcomeOf = (flag: Flag) => lettersOf(flag) + +flag.gpc;
  return {
    speak(flag, silent) {
      const { basis, gpc } = flag;
      const outcome = outcomeOf(flag);
      const [was, ...own] = (last.read() || "").split(" ");
      const names = Object.keys(strings).find((together) => together.includes(outcome));
      let words: readonly (string | undefined)[] = [rule.g[0].join(), rule.g[gpc ? 2 : 1], rule.u[2]];
      if (basis !== "unavailable" && !(silent && basis === "default")) {
        if (was === outcome + basis) words = own;
        else if (names) words = [...(strings[names] as string).split(" "), flag.us_privacy];
      }
      const [ids, gpp, us_privacy] = words as [string, string, string];
      return { ...flag, gpp, gpp_sid: ids.split(",").map((id) => +id), us_privacy };
    },
    hold(flag) {
      const { gpp, gpp_sid, us_privacy, basis } = flag;
      if (gpp) last.write([outcomeOf(flag) + basis, gpp_sid!.join(), gpp, us_privacy].join(" "));
    },
  };
}
