/** The first-party cookie as a cell. Where cookies can't be written, another cell holds the text instead. */

import type { Cell } from "../core/cell";
import { same } from "../core/cookie";
import type { Config } from "../core/protocol";
import { quietly } from "../quietly";

/** Seconds: 400 days, the longest that browsers keep a cookie. */
const MAX_AGE = 34560000;

/** Writes a cookie of this site; an empty text takes it away. May throw. */
export type WriteCookie = (name: string, text: string) => void;

/** The cookies are those of the configured domain, of this host alone without one; secure where the page is. */
export function cookieWriter({ win, config }: { win: Window; config: Pick<Config, "cookie_domain"> }): WriteCookie {
  const secure = win.location.protocol === "https:" ? "; Secure" : "";
  const domain = config.cookie_domain;
  const put = (name: string, text: string, where: string) => {
    const age = text ? MAX_AGE : 0;
    win.document.cookie = `${name}=${text}; Path=/; SameSite=Lax; Max-Age=${age}${where}${secure}`;
  };
  return (name, text) => {
    // A cookie of this host alone would hide the one that the whole domain shares.
    if (domain) put(name, "", "");
    put(name, text, domain ? `; Domain=${domain}` : "");
  };
}

/**
 * @param served whether the service's answers carry the cookie (first-party mode)
 * @param spare what holds the text where the browser keeps no cookie
 */
export function cookieCell(
  doc: Document,
  name: string,
  put: WriteCookie,
  served: boolean,
  spare: Cell,
): Cell {
  function stored(): string | undefined {
    // Of two cookies of one name the newer stands last (RFC 6265 § 5.4): it tells the later opt-out.
    const pairs = doc.cookie.split("; ").filter((pair) => pair.startsWith(`${name}=`));
    return pairs.length ? (pairs[pairs.length - 1] as string).slice(name.length + 1) : undefined;
  }

  return {
    read() {
      const instead = spare.read();
      // A sandboxed frame may not read cookies: in doubt.
      return instead === undefined ? quietly(stored, "?") : instead;
    },
    write(text = "") {
      spare.write(text || undefined);
      // Where it fails the spare holds it.
      quietly(() => {
        // The service has just written it: rewritten here, Safari would forget it in 7 days.
        if (served && same(stored(), text)) return spare.write(undefined);
        put(name, text);
        if (stored() === (text || undefined)) spare.write(undefined);
      });
    },
  };
}
