/** String cookies: what partners read, in the cookies where they look for it. Knows nothing of what it means. */

import type { Cell } from "../core/cell";
import type { Flag } from "../core/protocol";

/**
 * @param write writes a cookie of the site
 * @param own remembers what was written here: `usprivacy` may be another tool's cookie as well
 * @param written called with each name and text once they are written, and what writes them again
 */
export function stringCookies(
  write: (name: string, text: string) => void,
  own: Cell,
  written: (cookies: readonly (readonly string[])[], put: () => void) => void,
): (flag: Flag) => void {
  let last: string | undefined;
  return ({ gpp = "", gpp_sid = [], us_privacy }) => {
    const cookies = Object.entries({ usprivacy: us_privacy, __gpp: gpp, __gpp_sid: gpp_sid.join() });
    const put = () => cookies.forEach(([name, text]) => write(name, text));
    if (last === (last = cookies.map((pair) => pair.join("=")).join("; "))) return;
    own.write(last);
    put();
    written(cookies, put);
  };
}
