/** Blocked: whether an address is a partner's that may not be asked now. Knows the flag, and nothing of elements. */

import type { Flag, Right } from "../core/protocol";
import { quietly } from "../quietly";
import { taken } from "./taken";

/**
 * Each domain of a blocked partner, with the rights that it needs, all of them; hosts below the domain are meant too.
 * Put there by the service, which wraps the built guard into a function of this one parameter.
 */
declare const __BLOCKED__: readonly (readonly [domain: string, ...rights: Right[]])[];
/** A global of the page, made by the stub just before; the script keeps the object. */
declare const privacyChoices: { flag(): Flag; readonly ready: Promise<unknown> };

export const choices = privacyChoices;

// Taken now: later the page may have put anything in their place.
const Address = URL;
const endsWith = taken("".endsWith);
const includes = taken("".includes);

export function blocks(address: any): boolean {
  // Against the page's own address: a `<base>` or an element named `baseURI` says nothing about the partner.
  const host = quietly(() => `.${new Address(address, location.href).hostname}`);
  // Where it can't be told, to name the partner is enough.
  return denied((domain) => (host ? endsWith(host, `.${domain}`) || endsWith(host, `.${domain}.`) : mentions(address, domain)));
}

/** Whether a text names a partner that may not be asked now, wherever in it. */
export function namesBlocked(text: unknown): boolean {
  return denied((domain) => mentions(text, domain));
}

const mentions = (text: unknown, domain: string): boolean => !!quietly(() => includes(`${text}`, domain));

function denied(meant: (domain: string) => boolean): boolean {
  for (const [domain, ...rights] of __BLOCKED__) {
    // Also where the flag can't be had: doubt means denied.
    for (const right of rights) if (meant(domain) && quietly(() => choices.flag()[right]) != "allowed") return true;
  }
  return false;
}
