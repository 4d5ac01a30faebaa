/**
 * Taking back: what the service's own choices page sends along with a visitor. The fragment holds a signed result: it
 * is taken out of the address at once and goes to the service with this page's questions.
 */

import type { Cell } from "../core/cell";
import type { PriorId } from "../core/protocol";

/** Said with every question of the page, with what else is told of the visitor. */
export interface Brought {
  readonly result?: string;
  readonly state?: string;
  /** By which id another tool knew them. */
  prior?: PriorId | undefined;
}

/** @param made the state of this tab: who brings a result without it was not sent away from here */
export function takeBack({ history, location }: Window, made: Cell): Brought {
  // The service puts it last, behind whatever the fragment had before. Anchored, or a long fragment takes seconds.
  const match = /^([^#]*#(?:.*&)?)privacy-choices=([^&]*)$/.exec(location.href);
  if (!match) return {};
  history.replaceState(history.state, "", (match[1] as string).slice(0, -1));
  const state = made.read() || "";
  made.write(undefined); // good once
  return { result: match[2] as string, state };
}
