/** Loads the debug panel where the address asks for it. */

import type { Inside } from "../debug/inside";
import type { Load } from "./loading";

export function debug({ location }: Window, address: string, load: Load, inside: Inside): void {
  if (/[?&]privacy-debug(=|&|$)/.test(location.search)) load(address, { inside });
}
