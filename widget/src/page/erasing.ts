/** Erasing: takes away cookies and storage that partners have left in this site. Knows nothing of rights. */

import type { Traces } from "../core/protocol";
import { quietly } from "../quietly";

/** In characters: browsers take no longer path for a cookie (RFC 6265bis § 5.6). */
const LONGEST_PATH = 1024;
/** So many levels of the page's address are tried: whoever makes a link to it says how many it has. */
const DEEPEST = 20;

export function erase(win: Window, { cookies, storage }: Omit<Traces, "rights">): void {
  if (cookies) quietly(() => eraseCookies(win, RegExp(cookies)));
  if (storage) {
    quietly(() => eraseItems(win.localStorage, RegExp(storage)));
    quietly(() => eraseItems(win.sessionStorage, RegExp(storage)));
  }
}

/** Whoever set a cookie chose its domain and path, and no script can read them: all that may be are tried. */
function eraseCookies({ document: doc, location }: Window, pattern: RegExp): void {
  const domains = location.hostname.split(".").map((_, at, labels) => `; Domain=${labels.slice(at).join(".")}`);
  const paths = location.pathname.slice(0, LONGEST_PATH).split("/", DEEPEST).flatMap((_, at, parts) => {
    const path = parts.slice(0, at + 1).join("/");
    return [path, `${path}/`];
  });
  const secure = location.protocol === "https:" ? "; Secure" : "";
  for (const pair of doc.cookie.split("; ")) {
    const name = pair.split("=")[0] as string;
    if (!pattern.test(name)) continue;
    for (const domain of ["", ...domains]) {
      for (const path of paths) doc.cookie = `${name}=; Max-Age=0; Path=${path}${domain}${secure}`;
    }
  }
}

function eraseItems(storage: Storage, pattern: RegExp): void {
  for (const key of Object.keys(storage)) if (pattern.test(key)) storage.removeItem(key);
}

/**
 * Erases what another tool wrote under the name of one of ours, on a parent domain or a longer path: it may stand
 * before ours, and who reads takes the first. While it is denied, what says something else goes.
 *
 * @param cookies the names and texts that were written, the US Privacy string first
 * @param put writes them again
 */
export function uncover(win: Window, cookies: readonly (readonly string[])[], put: () => void): void {
  const ours = cookies.map((pair) => pair.join("="));
  const named = `^(${cookies.map(([name]) => name).join("|")})$`;
  const covers = (pair: string) => RegExp(named).test(pair.split("=")[0]!) && !ours.includes(pair);
  if (!/=1.Y/.test(ours[0]!) || !win.document.cookie.split("; ").some(covers)) return;
  erase(win, { cookies: named });
  put();
}
