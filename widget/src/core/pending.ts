/**
 * Choices that the service has not acknowledged yet, as the text that localStorage holds. Only what restricts may
 * stand here: an opt-in is never queued.
 */

import { json } from "../json";

export interface Pending {
  /** UUID: the same for every attempt, so that a retry is not a second choice. */
  readonly id: string;
  readonly method: string;
  readonly lang: string;
  /** RFC 3339 UTC: when the visitor chose. */
  readonly made_at: string;
  readonly sale_share?: "opt_out";
  readonly sensitive?: "limit";
  /** Unix milliseconds: the service asked to wait until then. */
  readonly after?: number;
}

/** One of each kind at most: the second opt-out in a row says nothing new. */
export function add(list: readonly Pending[], item: Pending): readonly Pending[] {
  const known = list.some((other) => other.sale_share === item.sale_share && other.sensitive === item.sensitive);
  return known ? list : [...list, item];
}

export function remove(list: readonly Pending[], id: string): readonly Pending[] {
  return list.filter((item) => item.id !== id);
}

export function postpone(list: readonly Pending[], id: string, after: number): readonly Pending[] {
  return list.map((item) => (item.id === id ? { ...item, after } : item));
}

export function encode(list: readonly Pending[]): string | undefined {
  return list.length ? json(list) : undefined;
}

/** Return the choices in this text. What can't be read is dropped: the cookie still tells that something was not acknowledged. */
export function decode(text: string | undefined): readonly Pending[] {
  try {
    const list: unknown = JSON.parse(text || "[]");
    return Array.isArray(list) ? list.filter(isPending) : [];
  } catch {
    return [];
  }
}

function isPending(item: Partial<Pending> | null): item is Pending {
  return (
    typeof item?.id === "string" &&
    typeof item.made_at === "string" &&
    (item.sale_share === "opt_out" || item.sensitive === "limit")
  );
}
