/**
 * Leaving: the way to the service's own choices page. The visitor token stands in a form, so in no address.
 */

import { parse } from "../core/cookie";
import type { Leaving } from "./asking";

/** An allowed that the service has acknowledged. */
const ALLOWED = /^1\.(?!ddd)...\.\w+(\.\d\.\d+)\.[1-9]\d*/;

/** Return the form's fields. From here on this browser's flag is in doubt. */
export function leave(back: string, lang: string, { record, rewrite, remember, fresh }: Leaving): Record<string, string> {
  const text = record() || "";
  const kept = parse(text);
  const state = fresh();
  remember(state);
  // Whoever thinks again may come back on any way: what was allowed is denied until the service has answered.
  rewrite(text.replace(ALLOWED, "1.ddd.unavailable$1.0"));
  return { lang, visitor: kept ? kept.token : text, state, back };
}
