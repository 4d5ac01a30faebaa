/** Speaking: what the ad ecosystem's own APIs and cookies say when the flag may be another one. */

import { announcing } from "./core/announcing";
import type { Manager } from "./core/manager";
import type { Flag } from "./core/protocol";
import { lettersOf } from "./core/settle";
import { cookieWriter } from "./page/cookies";
import { answerFrames } from "./page/frames";
import { quietly } from "./quietly";
import { stringCookies } from "./page/string_cookies";
import { stringsWritten, type Host } from "./parts";

export interface Speaking {
  begin(): void;
  /** `draw` shows what is different, in the order that listeners are promised. */
  update(flag: Flag, draw: () => void): void;
  seen(visible: boolean): void;
}

export function speaking(host: Host, { flag, known }: Manager): Speaking {
  const { win, config, voice, extras } = host;
  const write = stringCookies(cookieWriter(host), stringsWritten(host), (...written) =>
    extras.uncover?.(win, ...written),
  );
  const said = voice && announcing(voice, config.sections, flag());
  let begun = false;

  if (voice) {
    win.clearTimeout(voice.timer);
    voice.hear = answerFrames(win, voice);
  }

  /** A denial waits for nobody: no answer could make it less than it is now without being told. */
  const stands = (now: Flag) => known() || lettersOf(now) > "ab";

  function keep(now: Flag): void {
    if (begun && stands(now) && !config.no_string_cookies) quietly(() => write(now));
  }

  return {
    begin() {
      begun = true;
      const now = flag();
      keep(now);
      said?.begin(now, stands(now));
    },
    update(now, draw) {
      keep(now);
      if (begun && said) said.update(now, stands(now), draw);
      else draw();
    },
    seen: (visible) => said?.seen(visible),
  };
}
