/** Time and chance, as the core sees them. */

import { quietly } from "../quietly";

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  later(seconds: number, act: () => void): void;
  /** In [0, 1). */
  chance(): number;
  /** A fresh UUID. */
  id(): string;
}

/** RFC 3339 UTC, to the second; nothing where the page has put something else in place of what tells it. */
export const rfc3339 = (now: number): string => quietly(() => new Date(now).toJSON().slice(0, 19) + "Z")!;
