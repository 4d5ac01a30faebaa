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

/** Way in which a choice was made, in the service's words. */
export type Method = "banner" | "settings" | "api" | "prior_cmp" | "other";

export interface Flag {
  readonly site: string;
  readonly sale: Answer;
  readonly share: Answer;
  readonly sensitive: Answer;
  readonly basis: Basis;
  readonly gpc: boolean;
  /** The GPP string, and the ids of the sections that apply (-1 = none): not in the stub's answers. */
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

/** Answer to `signals` and `choices`; which members are there depends on the call and the status. */
export interface Reply {
  readonly flag: Flag;
  readonly visitor: string | null;
  readonly show?: Show;
  readonly confirm_url?: string;
}

/**
 * Facts of the site that stub and script need to answer, with names as short as they can be: the stub has 1,100 bytes.
 * `s`: the site's key. `d`: letters for sale, share and sensitive of the strictest default of the site's regimes. `r`:
 * those of each region where they are others. `u`: the US Privacy strings for neither
 * of sale and sharing denied, for either denied, and in doubt. `g`: the GPP in doubt, the ids of the sections that
 * apply, then the string without the signal and with it. `h`: there where the cookie is one host's alone, so that on
 * https its name has the prefix `__Host-`. `m`: the longest `max_age` that an answer has, in seconds. `p`: the pattern
 * of every text on record among a page's cookies (see `consent_service/embed/site_configuration.py`): its groups are the name's prefix
 * (`-` in the mirror), letters, basis, marks, as_of, max_age, and the name of another consent tool's cookie. It
 * matches the text's end, too.
 */
export interface Rule {
  readonly s: string;
  readonly d: string;
  readonly r: Readonly<Record<string, string>>;
  readonly u: readonly [allowed: string, denied: string, doubt: string];
  readonly g: readonly [sections: readonly number[], unsignalled: string, signalled: string];
  readonly h?: 1;
  readonly m?: number;
  readonly p: string;
}

/** The embedding tag's `data-region` (a regime's code) and `data-consumer` (signed by the site's own server). */
export interface Tag {
  readonly region?: string | undefined;
  readonly consumer?: string | undefined;
}

/** Traces that partners leave in a site: patterns over whole names, written so that they never match our own. */
export interface Traces {
  /** The rights that the partner runs under, as in `data-right`. */
  readonly rights: string;
  readonly cookies?: string;
  readonly storage?: string;
}

/**
 * Reading of another consent tool's cookie: pairs of an id and a word. `doubt`: bits of the rights (1: sale and
 * sharing, 2: sensitive) that a text denies which can't be read. `harmless`: a text that refuses nothing. `field`: the
 * member of a query string with the pairs. `signals`: ids whose truth denies. `sale_share`, `sensitive`: ids that deny
 * unless their word is `granted`. `others`: ids that mean something else. `refused`: the word that denies under an id
 * that nobody knows. `opted_out`: a site's own pattern in place of all that.
 */
export interface PriorReading {
  readonly cookie: string;
  readonly doubt: number;
  readonly harmless?: string;
  readonly field?: string;
  readonly signals?: readonly string[];
  readonly sale_share?: readonly string[];
  readonly sensitive?: readonly string[];
  readonly others?: readonly string[];
  readonly granted?: string;
  readonly refused?: string;
  readonly opted_out?: string;
}

/** Another consent tool's cookie, and the pattern in whose one group the tool's id of the visitor stands. */
export type PriorCookie = readonly [name: string, pattern: string];

/** By which id another consent tool knew this visitor, and the cookie that says so. */
export interface PriorId {
  readonly cookie: string;
  readonly id: string;
}

/** The site's public configuration, given to the script by the service. */
export interface Config {
  readonly rule: Rule;
  /** Origin and base path of the service, without a trailing slash: its pages are there. */
  readonly service: string;
  /** Base of the calls in first-party mode: the answers there carry the cookie themselves. */
  readonly api?: string;
  readonly cookie_domain: string | null;
  readonly frictionless: boolean;
  readonly link: boolean;
  /** bar, box or corner; left out where it is a bar. */
  readonly look?: string;
  /** True if sensitive personal information is used for more than the service needs; else left out. */
  readonly sensitive?: boolean;
  /** The site's own language: where a page names none of those in `views`. Tags are lower case. */
  readonly lang: string;
  /** The languages, and where the view in each is. */
  readonly views: Readonly<Record<string, string>>;
  /** Strings that the page says by itself: outcomes, as in `dda1 ddd1` -> the sections' ids and the GPP string. */
  readonly strings: Readonly<Record<string, string>>;
  /** `8:usca` -> the names of the section's fields; each `Name:bits:count`, two bits and a single value left out. */
  readonly sections: Readonly<Record<string, string>>;
  /** Left out where the page keeps the strings in cookies too. */
  readonly no_string_cookies?: boolean;
  readonly credentials?: RequestCredentials;
  /** Address of the bundle that reads another consent tool's cookies, with the site's tables in it. */
  readonly prior?: string;
  readonly traces?: readonly Traces[];
  /** True if the page is loaded again after an opt-out, when something had run. */
  readonly reload?: boolean;
  /** Address of the bundle that finds a place for what scripts write. */
  readonly writing: string;
  /** Address of the settings' own bundle. */
  readonly settings: string;
  /** The debug panel's address, where the site allows it. */
  readonly debug?: string;
}
