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
  if (!/=1.Y/.test(cookies[0]!.join("="))) return;
  const names = cookies.map(([name]) => name);
  const ours = cookies.map((pair) => pair.join("="));
  const others = win.document.cookie.split("; ").filter((pair) => !ours.includes(pair));
  if (!others.some((pair) => names.includes(pair.split("=")[0]))) return;
  erase(win, { cookies: `^(${names.join("|")})$` });
  put();
}
