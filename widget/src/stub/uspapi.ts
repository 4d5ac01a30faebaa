/** `__uspapi`: the flag's US Privacy string, at once. Once the script is there the flag is the script's. */

import type { Heard } from "../core/gpp";
import type { Flag } from "../core/protocol";
import { quietly } from "../quietly";

declare const privacyChoices: { flag(): Flag };

export const uspapi = (command: string, version: unknown, callback: Heard): void =>
  quietly(() => {
    const known = version == 1 && command == "getUSPData";
    callback(known ? { uspString: privacyChoices.flag().us_privacy, version: 1 } : null, known);
  });
