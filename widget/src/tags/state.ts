/** The state that every tag is told in its own words: what the flag says now. Knows no tag. */

import type { Flag } from "../core/protocol";

/** A global of the page, made by the stub just before; the script keeps the object. */
declare const privacyChoices: { flag(): Flag; optOut(): void; readonly ready: Promise<unknown> };

export const choices = privacyChoices;

export let flag: Flag;
/** True if sale or sharing is denied: either restricts every tag, for none knows the one from the other. */
export let denied: boolean | undefined;
/** True if that is but a default of the stub: the service's answer is on its way, and may know the place. */
export let open: boolean | undefined;
/** True if the visitor has allowed it, in two steps: a default that allows is nobody's decision. */
export let decided: boolean;
/** Word by which tags tell what they begin with from a change. */
export let word: "default" | "update";

/** @param settled whether a default counts as the service's: it has answered, or won't */
export function look(settled: unknown): void {
  word = flag ? "update" : "default";
  flag = choices.flag();
  denied = flag.share != "allowed" || flag.sale != "allowed";
  decided = /^(affirm|opt)ed/.test(flag.basis);
  open = !settled && denied && flag.basis == "default" && !flag.max_age;
}

/** The state of a storage, as consent modes call it. */
export const storage = (): "denied" | "granted" => (denied ? "denied" : "granted");
