/** The first-party cookie as a cell. Where cookies can't be written, another cell holds the text instead. */

import type { Cell } from "../core/cell";
import { same } from "../core/cookie";

/** Seconds: 400 days, the longest that browsers keep a cookie. */
const MAX_AGE = 34560000;

/**
 * @param secure whether the page came over https
 * @param domain null for a cookie of this host alone
 * @param served whether the service's answers carry the cookie (first-party mode)
 * @param spare what holds the text where the browser keeps no cookie
 */
export function cookieCell(
  doc: Document,
  name: string,
  domain: string | null,
  secure: boolean,
  served: boolean,
  spare: Cell,
): Cell {
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
      const instead = spare.read();
      try {
        return instead === undefined ? stored() : instead;
      } catch {
        return instead || "?"; // a sandboxed frame may not read cookies: in doubt
      }
    },
    write(text = "") {
      spare.write(text || undefined);
      try {
        // The service has just written it: rewritten here, Safari would forget it in 7 days.
        if (served && same(stored(), text)) return spare.write(undefined);
        // A cookie of this host alone would hide the one that the whole domain shares.
        if (domain) put("", 0, "");
        put(text, text ? MAX_AGE : 0, domain ? `; Domain=${domain}` : "");
        if (stored() === (text || undefined)) spare.write(undefined);
      } catch {
        // The spare holds it.
      }
    },
  };
}
