/** Microsoft: universal event tracking. Its queue is flat: a command and what belongs to it stand one after the other. */

import { queue } from "./queue";
import { decided, denied, storage, word } from "./state";

function consent(as: typeof word): void {
  queue("uetq").push("consent", as, { ad_storage: storage() });
}

export function consentOfUet(): void {
  consent(word);
}

/** The page's own default comes after ours: an update outweighs it. */
export function heardByUet(given: any[]): void {
  if (given.includes("consent") && (denied || (decided && given.includes("default")))) consent("update");
}
