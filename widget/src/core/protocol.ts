/**
 * The words on the wire: flag, replies, configuration. Types and constants only; nothing here does anything.
 */

export const RIGHTS = ["sale", "share", "sensitive"] as const;
export type Right = (typeof RIGHTS)[number];
export type Answer = "allowed" | "denied";
export type Basis =
  | "gpc"
  | "choice"
  | "consumer"
  | "minor"
  | "affirmed"
  | "opted_in"
  | "default"
  | "unavailable";

/** How a choice was made, in the service's words. */
export type Method = "banner" | "settings" | "api" | "other";

export interface Flag {
  readonly site: string;
  readonly sale: Answer;
  readonly share: Answer;
  readonly sensitive: Answer;
  readonly basis: Basis;
  readonly gpc: boolean;
  /** The GPP string, and the ids of the sections that apply (-1 = none): in the service's answers. */
  readonly gpp?: string;
  readonly gpp_sid?: readonly number[];
  readonly us_privacy: string;
  /** RFC 3339 UTC, to the second. */
  readonly as_of: string;
  /** Seconds. */
  readonly max_age: number;
}

export interface Show {
  readonly banner: boolean;
  readonly honored: boolean;
  readonly conflict: boolean;
}

/** What `signals` and `choices` answer; which members are there depends on the call and the status. */
export interface Reply {
  readonly flag: Flag;
  readonly visitor: string | null;
  readonly show?: Show;
  readonly confirm_url?: string;
}

/** The site's public configuration, given to the script by the service. */
export interface Config {
  readonly site: string;
  /** Origin and base path of the service, without a trailing slash: its pages are there. */
  readonly service: string;
  /** Where the calls go instead, in first-party mode: the answers there carry the cookie themselves. */
  readonly api?: string;
  readonly cookie: string;
  readonly cookie_domain: string | null;
  /** One letter each for sale, share, sensitive: the strictest default of the site's regimes. */
  readonly default: string;
  readonly regions: Readonly<Record<string, string>>;
  readonly frictionless: boolean;
  readonly link: boolean;
  /** The US Privacy string for sale and sharing allowed, for either denied, and in doubt; left out where usual. */
  readonly us_privacy?: readonly string[];
  /** The language where a page names none of those in `texts`. Tags are lower case. */
  readonly lang: string;
  readonly texts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly credentials?: RequestCredentials;
}
