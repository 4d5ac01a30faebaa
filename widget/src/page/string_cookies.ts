/** String cookies: what partners read, in the cookies where they look for it. Knows nothing of what it means. */

import type { Cell } from "../core/cell";
import type { Flag } from "../core/protocol";

/**
 * @param write writes a cookie of the site
 * @param own remembers what was written here: `usprivacy` may be another tool's cookie as well
 */
export function stringCookies(write: (name: string, text: string) => void, own: Cell): (flag: Flag) => void {
  let last: string | undefined;
  return ({ gpp = "", gpp_sid = [], us_privacy }) => {
    const cookies = { usprivacy: us_privacy, __gpp: gpp, __gpp_sid: gpp_sid.join() };
    const pairs = Object.entries(cookies).map((pair) => pair.join("="));
    if (last === (last = pairs.join("; "))) return;
    own.write(last);
    for (const [name, text] of Object.entries(cookies)) write(name, text);
  };
}
