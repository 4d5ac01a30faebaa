/** Blocked: whether an address is a partner's that may not be asked now. Knows the flag, and nothing of elements. */

import type { Flag, Right } from "../core/protocol";

/**
 * Each domain of a blocked partner, with the rights that it needs, all of them; hosts below the domain are meant too.
 * Put there by the service, which wraps the built guard into a function of this one parameter.
 */
declare const __BLOCKED__: readonly (readonly [domain: string, ...rights: Right[]])[];
/** A global of the page, made by the stub just before; the script keeps the object. */
declare const privacyChoices: { flag(): Flag; readonly ready: Promise<unknown> };

export const choices = privacyChoices;

export function blocks(address: any): boolean {
  let denied = false;
  try {
    // Against the page's own address: a `<base>` or an element named `baseURI` says nothing about the partner.
    const host = `.${new URL(address, location.href).hostname}`.replace(/\.$/, "");
    for (const [domain, ...rights] of __BLOCKED__) {
      if (!denied && host.endsWith(`.${domain}`)) {
        denied = true; // also where the flag can't be had: doubt means denied
        denied = rights.some((right) => choices.flag()[right] != "allowed");
      }
    }
  } catch (_) {
    // What is no address goes nowhere.
  }
  return denied;
}
