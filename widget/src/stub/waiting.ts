/** Waiting: what is called before the script is there, in order. Nothing here knows what the calls are. */

import type { Tag } from "../core/protocol";

export const tag = ((document.currentScript as HTMLElement | null)?.dataset || {}) as Tag;

/** The tag's data first, then calls as [name, arguments], and whoever waits for `ready` as a function. */
export const queue: unknown[] = [tag];

/** A cookie that nobody can read in the place of all, from when somebody opted out here. */
export let doubt: string | undefined;

export const later =
  (name: string, change?: string) =>
  (...given: unknown[]): void => {
    doubt = change || doubt;
    queue.push([name, given]);
  };
