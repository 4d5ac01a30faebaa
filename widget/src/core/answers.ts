/** Answers: what becomes of the service's answers, on record and on the page. */

import { format } from "./cookie";
import type { Core } from "./manager";
import type { Reply, Show } from "./protocol";
import { lettersOf, settle } from "./settle";

export interface Answers {
  /** @param repair whether a choice that got lost over there is sent again */
  adopt(reply: Reply, repair?: boolean): void;
  /** The parts of the view for this page: the service's word on this page view, else by the flag. */
  show(): Show;
  /** Tells the page, and the other tabs, that this page has written something. */
  tell(): void;
  /** Looks again at what other tabs may have written, and tells what is different. */
  refresh(): void;
}

export function answersOf(core: Core): Answers {
  const { cookie, flag } = core;
  /** The service's word on this page view, and the cookie's text for which it was given. */
  let word: { readonly show: Show; readonly text: string | undefined } | undefined;
  let letters = lettersOf(flag());

  function adopt(reply: Reply, repair?: boolean): void {
    const record = core.record();
    // A cookie that can't be read was presented in vain: it stays, and denies, until somebody chooses.
    if (!record && core.token() && reply.flag.basis === "unavailable") return refresh();
    core.strings.hold(reply.flag);
    const settled = settle(record, reply, core.pending(), !!core.gpc, core.clock.now());
    cookie.write(format(settled.record));
    word = reply.show && { show: reply.show, text: cookie.read() };
    if (settled.lost && repair) {
      core.enqueue({ sale_share: "opt_out" }, "other");
      void core.flush();
    }
    tell();
  }

  function tell(): void {
    core.wrote();
    refresh();
  }

  function refresh(): void {
    const now = flag();
    core.updated(now, letters !== (letters = lettersOf(now)));
  }

  function show(): Show {
    if (word && word.text === cookie.read()) return word.show;
    const { basis, gpc } = flag();
    return { banner: basis === "default" && !gpc, honored: basis === "gpc", conflict: false };
  }

  return { adopt, tell, refresh, show };
}
