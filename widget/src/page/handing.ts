/**
 * Handing over: the way to the service's own choices page and back. Going there, the visitor token stands in a form,
 * so in no address. Coming back, the fragment holds a signed result: it is taken out of the address at once and goes
 * to the service with this page's questions.
 */

import type { Cell } from "../core/cell";
import { parse } from "../core/cookie";

/** An allowed that the service has acknowledged. */
const ALLOWED = /^1\.(?!ddd)...\.\w+(\.\d\.\d+)\.[1-9]\d*/;

/** @param made the state of this tab: who brings a result without it was not sent away from here */
export function takeBack({ history, location }: Window, made: Cell): { result?: string; state?: string } {
  // The service puts it last, behind whatever the fragment had before.
  const found = /(.*#(?:.*&)?)privacy-choices=([^&]*)$/.exec(location.href);
  if (!found) return {};
  history.replaceState(history.state, "", (found[1] as string).slice(0, -1));
  const state = made.read() || "";
  made.write(undefined); // good once
  return { result: found[2] as string, state };
}

/** What the form to the choices page says. From here on this browser's flag is in doubt. */
export function handOver({ location }: Window, cookie: Cell, made: Cell, state: string): Record<string, string> {
  const text = cookie.read() || "";
  const kept = parse(text);
  made.write(state);
  // Whoever thinks again may come back on any way: what was allowed is denied until the service has answered.
  cookie.write(text.replace(ALLOWED, "1.ddd.unavailable$1.0"));
  return { visitor: kept ? kept.token : text, state, back: location.href };
}
