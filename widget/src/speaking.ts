/** Speaking: what the ad ecosystem's own APIs and cookies say when the flag may be another one. */

import { announcing } from "./core/announcing";
import type { Cell } from "./core/cell";
import type { Manager } from "./core/manager";
import type { Flag } from "./core/protocol";
import { lettersOf } from "./core/settle";
import { cookieWriter } from "./page/cookies";
import { answerFrames } from "./page/frames";
import { quietly } from "./quietly";
import { stringCookies } from "./page/string_cookies";
import type { Host } from "./parts";

export interface Speaking {
  begin(): void;
  /** `draw` shows what is different, in the order that listeners are promised. */
  update(flag: Flag, draw: () => void): void;
  seen(visible: boolean): void;
}

/** @param own remembers what this page wrote into the cookies that partners read: no other tool's word */
export function speaking(host: Host, own: Cell, { flag, known, unread }: Manager): Speaking {
  const { win, config, voice, extras } = host;
  const write = stringCookies(cookieWriter(host), own, (...written) =>
    extras.uncover?.(win, ...written),
  );
  const announcer = voice && announcing(voice, config.sections, flag());
  let begun = false;

  if (voice) {
    win.clearTimeout(voice.timer);
    voice.hear = answerFrames(win, voice);
  }

  /** A denial waits for nobody: no answer could make it less than it is now without being told. */
  const stands = (now: Flag) => known() || lettersOf(now) > "ab";

  /** Never over a word of another tool that is still to be read. */
  function keep(now: Flag): void {
    if (begun && stands(now) && !unread() && !config.no_string_cookies) quietly(() => write(now));
  }

  return {
    begin() {
      begun = true;
      const now = flag();
      keep(now);
      announcer?.begin(now, stands(now));
    },
    update(now, draw) {
      keep(now);
      if (begun && announcer) announcer.update(now, stands(now), draw);
      else draw();
    },
    seen: (visible) => announcer?.seen(visible),
  };
}
