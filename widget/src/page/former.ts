/**
 * Former: the cookie under the plain name, from before it had the prefix `__Host-`. Any sibling subdomain can set such
 * a one, so it denies and names nobody, but for the one that this very host has set.
 */

import type { denies, format, parse } from "../core/cookie";

/** Seconds: older than any allowed that counts. */
const STALE = 90000;

export interface Former {
  /**
   * Take this host's own cookie away and return its text, if there was one. What it allows is made stale, so that the
   * service is asked before it counts.
   */
  adopt(): string | undefined;
  /** Keep a denial for pages whose stub knows the plain name alone; an opt-in takes back what other hosts have set. */
  renew(text: string): void;
  /** Return whether one of them says that somebody opted out. */
  optedOut(): boolean;
}

/**
 * @param texts gives the texts of the cookies of a name
 * @param record reads and writes the texts of a record
 * @param put writes a cookie, for this host alone unless another domain is said; no text takes it away
 */
export function former(
  { hostname }: Location,
  name: string,
  texts: (name: string) => readonly string[],
  put: (name: string, text: string, where?: string) => void,
  record: { readonly denies: typeof denies; readonly format: typeof format; readonly parse: typeof parse },
): Former {
  return {
    adopt() {
      const before = texts(name);
      // Browsers tell a cookie of this host alone from one of its domain: that one stays.
      if (before.length) put(name, "");
      const after = texts(name);
      const ours = before.find((text, at) => text !== after[at]);
      const parsed = record.parse(ours);
      return parsed ? record.format({ ...parsed, asOf: parsed.asOf - STALE }) : ours;
    },
    renew(text) {
      if (record.denies(text) || texts(name).length) put(name, record.denies(text) ? text : "");
      if (!/^1\.aa.\.(aff|opt)/.test(text)) return;
      hostname.split(".").forEach((_, at, labels) => put(name, "", `; Domain=${labels.slice(at).join(".")}`));
    },
    optedOut: () => texts(name).some((text) => /^1\.dd.\.choice/.test(text)),
  };
}
