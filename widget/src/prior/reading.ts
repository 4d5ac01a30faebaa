/**
 * Prior: what the consent tool that was here before has noted. Read for a denial only, or for the id by which the
 * service may find one; nothing that it says ever opts anybody in. One pass over each text, however it is encoded;
 * what can't be read denies. How a tool's cookies read is the service's table, `config/prior_cmp.py`.
 */

import type { PriorCookie, PriorId, PriorReading } from "../core/protocol";
import type { Restriction } from "../core/settle";
import { quietly } from "../quietly";

/** As a document gives them. */
type Cookies = Pick<Document, "cookie">;

/** The rights' bits, as in `PriorReading.doubt`. */
const SALE_SHARE = 1;
const SENSITIVE = 2;

/** Restriction by the bits of the rights. */
const CHOICES: readonly (Restriction | undefined)[] = [
  undefined,
  { sale_share: "opt_out" },
  { sensitive: "limit" },
  { sale_share: "opt_out", sensitive: "limit" },
];

/** In characters: twice what browsers keep of a cookie. */
const LONGEST = 8192;
/** Some proxies and scripts encode again what was encoded. */
const ROUNDS = 3;

/** Return what these cookies deny; undefined where nothing. */
export function deniedBefore(doc: Cookies, readings: readonly PriorReading[]): Restriction | undefined {
  let bits = 0;
  for (const reading of readings) {
    // A page may have replaced what reads them: whoever has such a cookie is in doubt then.
    const read = () => texts(doc, reading.cookie).reduce((sum, text) => sum | denied(reading, text), 0);
    if (doc.cookie.indexOf(`${reading.cookie}=`) >= 0) bits |= quietly(read, reading.doubt);
  }
  return CHOICES[bits];
}

/** In characters: none that is longer was ever imported, and the service refuses it. */
const LONGEST_ID = 256;

/** By which id that tool knew this visitor: the first that stands in one of these cookies. */
export function knownBefore(doc: Cookies, cookies: readonly PriorCookie[]): PriorId | undefined {
  for (const [cookie, pattern] of cookies) {
    for (const text of texts(doc, cookie)) {
      // A pattern that this browser can't read says nothing, and keeps none of the others from being read.
      const id = quietly(() => RegExp(pattern).exec(inWords(text)))?.[1];
      if (id && id.length <= LONGEST_ID) return { cookie, id };
    }
  }
  return undefined;
}

/** Return the texts of the cookies of that name; a page may have several. An empty one notes nothing. */
function texts(doc: Cookies, name: string): string[] {
  const found = [];
  for (const pair of doc.cookie.split("; ")) {
    const at = pair.indexOf("=") + 1;
    if (pair.slice(0, at) === `${name}=` && pair.length > at) found.push(pair.slice(at));
  }
  return found;
}

/** The bits of the rights that this text denies. */
function denied(reading: PriorReading, raw: string): number {
  const { doubt, harmless, field, signals = [], sale_share = [], sensitive = [], others = [], refused } = reading;
  if (raw.length > LONGEST) return doubt;
  if (reading.opted_out !== undefined) return RegExp(reading.opted_out).test(inWords(raw)) ? doubt : 0;
  const [inside, beside] = field ? parted(raw, `${field}=`) : [raw, raw];
  const text = plain(inside);
  if (harmless && RegExp(harmless).test(text)) return 0;
  const granted = RegExp(reading.granted || "", "i");
  let bits = 0;
  let read = false;
  for (const [id, word] of pairs(field ? beside : text)) {
    if (signals.includes(id) && /^(1|true|yes)$/i.test(word)) bits |= SALE_SHARE;
  }
  for (const [id, word] of pairs(text)) {
    const rights = (sale_share.includes(id) ? SALE_SHARE : 0) | (sensitive.includes(id) ? SENSITIVE : 0);
    const known = rights || others.includes(id);
    const off = rights ? !granted.test(word) : !known && !!refused && RegExp(refused).test(word);
    if (off) bits |= rights || SALE_SHARE;
    if (known || (refused && granted.test(word))) read = true;
  }
  return read ? bits : bits | doubt;
}

/** The named member of a query string, and all others. Encoded anew as a whole it is a query string, too. */
function parted(raw: string, name: string): [string, string] {
  let text = raw;
  for (let round = 0; round <= ROUNDS; round++) {
    let inside = "";
    let beside = "";
    for (const part of text.split("&")) {
      if (part.slice(0, name.length) === name) inside += `${part.slice(name.length)},`;
      else beside += `${part}&`;
    }
    if (inside) return [inside, beside];
    text = decoded(text);
  }
  return ["", text];
}

/** The text without its encodings, quotes and spaces. */
function plain(raw: string): string {
  let text = raw;
  for (let round = 0; round < ROUNDS; round++) text = decoded(text);
  // JSON in base64 begins so: {"
  if (text.slice(0, 2) === "ey") text = atob(text);
  return text.replace(/["'\s\\]/g, "");
}

/** Percent-decoded once. Bytes stand for themselves, so that one that is no UTF-8 spoils nothing around it. */
function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** The text in its own words: what a site's pattern is written for. */
function inWords(text: string): string {
  return quietly(() => decodeURIComponent(text)) || decoded(text);
}

/** Each word with its id, which stands before the last : or = of an item; "" is the id of a word that stands alone. */
function pairs(text: string): [id: string, word: string][] {
  const found: [string, string][] = [];
  for (const item of text.split(/[,;&{}[\]]/)) {
    const parts = item.split(/[:=]/);
    if (item) found.push([parts[parts.length - 2] || "", parts[parts.length - 1]!]);
  }
  return found;
}
