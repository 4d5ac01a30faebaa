/** Waiting: what is called before the script is there, in order. Nothing here knows what the calls are. */

import type { Tag } from "../core/protocol";

export const tag = ((document.currentScript as HTMLElement | null)?.dataset || {}) as Tag;

/** The tag's data first, then calls as [name, arguments], and whoever waits for `ready` as a function. */
export const queue: unknown[] = [tag];

export const later =
  (name: string) =>
  (...given: unknown[]): unknown =>
    queue.push([name, given]);
