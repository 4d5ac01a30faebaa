/** Blocked: whether an address is a partner's that may not be asked now. Knows the flag, and nothing of elements. */

import type { Flag, Right } from "../core/protocol";
import { quietly } from "../quietly";
import { RegExp, URL } from "./taken";

/**
 * Each domain of a blocked partner as a pattern, with the rights that it needs, all of them; hosts below the domain are meant too.
 * Put there by the service, which wraps the built guard into a function of this one parameter.
 */
declare const __BLOCKED__: readonly (readonly [domain: string, ...rights: Right[]])[];
/** A global of the page, made by the stub just before; the script keeps the object. */
declare const privacyChoices: { flag(): Flag; readonly ready: Promise<unknown> };

export const choices = privacyChoices;

/**
 * Whether an address is one of a partner that may not be asked now. Where that can't be told, to name the partner is
 * enough.
 *
 * @param host with a dot before it; "" for a text that is no address
 */
export function blocks(
  address: any,
  // Against the page's own address: a `<base>` or an element named `baseURI` says nothing about the partner.
  host: string | undefined = quietly(() => `.${new URL(address, location.href).hostname}`),
): true | undefined {
  for (const [domain, ...rights] of __BLOCKED__) {
    for (const right of rights) {
      const named = quietly(() => new RegExp(host ? `[.]${domain}[.]?$` : domain).exec(host || address));
      // Also where the flag can't be had: doubt means denied.
      if (named && quietly(() => choices.flag()[right]) != "allowed") return true;
    }
  }
}
