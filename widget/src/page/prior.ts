/**
 * Prior: what the consent tool that was here before has noted. Read for an opt-out only, or for the id by which the
 * service may find one; nothing that it says ever opts anybody in.
 */

import type { PriorCookie, PriorId } from "../core/protocol";
import { quietly } from "../quietly";

/** @param own what this script wrote itself, as cookies stand: `usprivacy` is a name for everybody */
export function optedOutBefore(doc: Document, cookies: readonly PriorCookie[], own = ""): boolean {
  return cookies.some((prior) => found(doc, prior, own.split("; ")));
}

/** In characters: none that is longer was ever imported, and the service refuses it. */
const LONGEST_ID = 256;

/** By which id that tool knew this visitor: the first that stands in one of these cookies. */
export function knownBefore(doc: Document, cookies: readonly PriorCookie[]): PriorId | undefined {
  for (const prior of cookies) {
    const id = found(doc, prior)?.[1];
    if (id && id.length <= LONGEST_ID) return { cookie: prior[0], id };
  }
  return undefined;
}

/** What the pattern finds in a cookie of that name; a page may have several. */
function found(doc: Document, [name, pattern]: PriorCookie, ours: readonly string[] = []): RegExpExecArray | undefined {
  for (const pair of doc.cookie.split("; ")) {
    if (!pair.startsWith(`${name}=`) || ours.includes(pair)) continue;
    const value = pair.slice(name.length + 1);
    // A pattern that this browser can't read says nothing, and keeps none of the others from being read.
    const match = quietly(() => RegExp(pattern).exec(quietly(() => decodeURIComponent(value)) || value));
    if (match) return match;
  }
  return undefined;
}
