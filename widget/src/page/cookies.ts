/** The first-party cookie as a cell. Where cookies can't be written, memory holds the text for this page. */

import type { Cell } from "../core/cell";
import { same } from "../core/cookie";

/** Seconds: 400 days, the longest that browsers keep a cookie. */
const MAX_AGE = 34560000;

/**
 * @param secure whether the page came over https
 * @param domain null for a cookie of this host alone
 */
export function cookieCell(doc: Document, name: string, domain: string | null, secure: boolean): Cell {
  let spare: string | undefined;

  function stored(): string | undefined {
    // Of two cookies of one name the newer stands last (RFC 6265 § 5.4): it tells the later opt-out.
    const pairs = doc.cookie.split("; ").filter((pair) => pair.startsWith(`${name}=`));
    return pairs.length ? (pairs[pairs.length - 1] as string).slice(name.length + 1) : undefined;
  }

  function put(text: string, maxAge: number, host: string): void {
    doc.cookie = `${name}=${text}; Path=/; SameSite=Lax; Max-Age=${maxAge}${host}${secure ? "; Secure" : ""}`;
  }

  return {
    read() {
      try {
        return spare === undefined ? stored() : spare;
      } catch {
        return spare === undefined ? "?" : spare; // a sandboxed frame may not read cookies: in doubt
      }
    },
    write(text = "") {
      spare = text;
      try {
        // The service has just written it (first-party mode): rewritten here, Safari would forget it in 7 days.
        if (same(stored(), text)) return void (spare = undefined);
        // A cookie of this host alone would hide the one that the whole domain shares.
        if (domain) put("", 0, "");
        put(text, text ? MAX_AGE : 0, domain ? `; Domain=${domain}` : "");
        if (stored() === (text || undefined)) spare = undefined;
      } catch {
        // The spare holds it.
      }
    },
  };
}
