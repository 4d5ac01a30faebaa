/**
 * The cookie's text: `1.<sale,share,sensitive>.<basis>.<marks>.<as_of>.<max_age>.<token>`, and back. Knows nothing
 * of documents or of what the values mean for anybody.
 */

import type { Basis } from "./protocol";

/**
 * Letters (a = allowed, d = denied), basis, marks (1: the service knows of a signal, 2: a consumer was identified
 * here), as_of (Unix seconds, ten digits until 2286), max_age (seconds), token (the rest).
 */
export const SHAPE = /^1\.[ad]{3}\.\w+\.[0-3]\.\d{10}\.\d+\.[\w.-]*$/;

export interface SiteRecord {
  readonly letters: string;
  readonly basis: Basis;
  /** True if the service knows of a signal from this browser. */
  readonly gpc: boolean;
  /** True if a consumer was identified on this device. */
  readonly identified: boolean;
  /** Unix seconds by this browser's clock: when the answer came, or the choice was made. */
  readonly asOf: number;
  /** Seconds. 0 with basis `choice`: made here and not yet acknowledged by the service. */
  readonly maxAge: number;
  readonly token: string;
}

/** The record in this text; null when there is none, or it is not one. */
export function parse(text = ""): SiteRecord | null {
  if (!SHAPE.test(text)) return null;
  const [, letters, basis, marks, asOf, maxAge, ...token] = text.split(".");
  return {
    letters: letters as string,
    basis: basis as Basis,
    gpc: +marks! % 2 > 0,
    identified: +marks! > 1,
    asOf: +asOf!,
    maxAge: +maxAge!,
    token: token.join("."),
  };
}

/** Return whether two texts say the same, by clocks that are at most so many seconds apart. */
export function same(one = "", other: string, seconds = 59): boolean {
  const [was, is] = [one, other].map((text) => text.split(".")[4] as string) as [string, string];
  return Math.abs(+was - +is) <= seconds && one.replace(was, is) === other;
}

/** Return whether a text denies anything, or can't be read, which denies everything. */
export function denies(text = ""): boolean {
  return !!text && !text.startsWith("1.aaa.");
}

/**
 * One text for all of these: for each right the stricter letter, the first token, the rest from the strictest. What
 * can't be read is left out where anything else can. Undefined when there is none.
 */
export function together(texts: readonly string[]): string | undefined {
  const records = texts.flatMap((text) => parse(text) || []);
  if (records.length < 2) return records[0] ? format(records[0]) : texts[0];
  const letters = [0, 1, 2].map((right) => (records.some((record) => record.letters[right] === "d") ? "d" : "a")).join("");
  const strictest = records.reduce((first, other) => (other.letters > first.letters ? other : first));
  const token = records.find((record) => record.token)?.token || "";
  return format({ ...strictest, letters, token });
}

export function format(record: SiteRecord): string {
  const marks = (record.gpc ? 1 : 0) + (record.identified ? 2 : 0);
  return `1.${record.letters}.${record.basis}.${marks}.${record.asOf}.${record.maxAge}.${record.token}`;
}
