/** Microsoft: universal event tracking. Its queue is flat: a command and what belongs to it stand one after the other. */

import { queue } from "./queue";
import { storage, word } from "./state";

export function consentOfUet(): void {
  queue("uetq").push("consent", word, { ad_storage: storage() });
}
