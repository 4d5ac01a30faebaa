/**
 * Uncovering: what another tool wrote under the name of one of ours, on a parent domain or a longer path, may stand
 * before ours, and who reads takes the first. While it is denied, what says something else goes.
 */

import { erase } from "./erasing";

/**
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
