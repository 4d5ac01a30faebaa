/** Time and chance, as the core sees them. */

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  later(seconds: number, act: () => void): void;
  /** In [0, 1). */
  chance(): number;
  /** A fresh UUID. */
  id(): string;
}

/** RFC 3339 UTC, to the second. */
export function rfc3339(now: number): string {
  return new Date(now).toJSON().slice(0, 19) + "Z";
}
