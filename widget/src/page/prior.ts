/**
 * Prior: what the consent tool that was here before has noted. Read for an opt-out only; nothing that it says ever
 * opts anybody in.
 */

import type { PriorCookie } from "../core/protocol";
import { quietly } from "./quietly";

/** @param own what this script wrote itself, as cookies stand: `usprivacy` is a name for everybody */
export function optedOutBefore(doc: Document, cookies: readonly PriorCookie[], own = ""): boolean {
  const ours = own.split("; ");
  const pairs = doc.cookie.split("; ").filter((pair) => !ours.includes(pair));
  return cookies.some(([name, pattern]) =>
    pairs.some((pair) => {
      const value = pair.startsWith(`${name}=`) && pair.slice(name.length + 1);
      // A pattern that this browser can't read says nothing, and keeps none of the others from being read.
      return value && quietly(() => RegExp(pattern).test(quietly(() => decodeURIComponent(value)) || value));
    }),
  );
}
