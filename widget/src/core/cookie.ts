/**
 * The cookie's text: `1.<sale,share,sensitive>.<basis>.<marks>.<as_of>.<max_age>.<token>`, and back. Knows nothing
 * of documents or of what the values mean for anybody.
 */

import type { Basis } from "./protocol";

/**
 * Letters (a = allowed, d = denied), basis, marks (1: the service knows of a signal, 2: a consumer was identified
 * here), as_of (Unix seconds, ten digits until 2286), max_age (seconds), token (the rest).
 */
export const SHAPE = /^1\.([ad]{3})\.(\w+)\.([0-3])\.(\d{10})\.(\d+)\.([\w.-]*)$/;

export interface Kept {
  readonly letters: string;
  readonly basis: Basis;
  /** Whether the service knows of a signal from this browser. */
  readonly gpc: boolean;
  /** Whether a consumer was identified on this device. */
  readonly identified: boolean;
  /** Unix seconds by this browser's clock: when the answer came, or the choice was made. */
  readonly asOf: number;
  /** Seconds. 0 with basis `choice`: made here and not yet acknowledged by the service. */
  readonly maxAge: number;
  readonly token: string;
}

/** The record in this text; null when there is none, or it is not one. */
export function parse(text = ""): Kept | null {
  const found = SHAPE.exec(text);
  if (!found) return null;
  const [, letters, basis, marks, asOf, maxAge, token] = found as unknown as string[];
  return {
    letters: letters as string,
    basis: basis as Basis,
    gpc: +marks! % 2 > 0,
    identified: +marks! > 1,
    asOf: +asOf!,
    maxAge: +maxAge!,
    token: token as string,
  };
}

/** Whether two texts say the same, by clocks that are less than a minute apart. */
export function same(one = "", other: string): boolean {
  const [was, is] = [one, other].map((text) => text.split(".")[4] as string) as [string, string];
  return Math.abs(+was - +is) < 60 && one.replace(was, is) === other;
}

export function format(kept: Kept): string {
  const marks = (kept.gpc ? 1 : 0) + (kept.identified ? 2 : 0);
  return `1.${kept.letters}.${kept.basis}.${marks}.${kept.asOf}.${kept.maxAge}.${kept.token}`;
}
