/** What `window.privacyChoices` offers a page. The inline stub answers at once; the rest waits for the script. */

export type Right = "sale" | "share" | "sensitive";
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

/** The answer to "may I sell or share this visitor's data?", and why. */
export interface Flag {
  readonly site: string;
  readonly sale: Answer;
  readonly share: Answer;
  /** Whether sensitive personal information may be used for more than the service itself needs. */
  readonly sensitive: Answer;
  readonly basis: Basis;
  /** Whether an opt-out preference signal came from this browser, now or before. */
  readonly gpc: boolean;
  /** The GPP string, and the ids of the sections that apply (-1 = none): once the script is there. */
  readonly gpp?: string;
  readonly gpp_sid?: readonly number[];
  readonly us_privacy: string;
  /** RFC 3339 UTC, to the second. */
  readonly as_of: string;
  /** Seconds. */
  readonly max_age: number;
}

/** Each event, and what its listener is given. */
export interface PrivacyChoicesEvents {
  /** An answer for one of the rights is another one than before. */
  change: Flag;
}

export interface PrivacyChoices {
  /** At once, from the signal and the first-party cookie, without a network. */
  flag(): Flag;
  /** Once the script is there and the service has answered, or could not. */
  readonly ready: Promise<Flag>;
  /**
   * Calls `act` on each event. Returns the function that ends it, or nothing while only the stub is there: code that
   * has to end it before the script has come listens to `privacychoices:change` on `window` instead.
   */
  on<Name extends keyof PrivacyChoicesEvents>(
    event: Name,
    act: (detail: PrivacyChoicesEvents[Name]) => void,
  ): (() => void) | void;
  /** Opens the settings. */
  open(): void;
  /** Opts out of sale and sharing. There is no opposite: that takes a visitor's own second step. */
  optOut(): void;
}

/** What `__gpp("ping")` answers, and every event carries as `pingData`. */
export interface GppPing {
  readonly gppVersion: string;
  readonly cmpStatus: "stub" | "loaded";
  readonly cmpDisplayStatus: "hidden" | "visible";
  readonly signalStatus: "not ready" | "ready";
  readonly supportedAPIs: readonly string[];
  readonly cmpId: number;
  readonly sectionList: readonly number[];
  /** [-1] where none applies. */
  readonly applicableSections: readonly number[];
  readonly gppString: string;
  /** By API prefix (`usca`), each an array of its sub-sections; none before the script is there. */
  readonly parsedSections: Readonly<
    Record<string, readonly Readonly<Record<string, number | boolean | readonly number[]>>[]>
  >;
}

declare global {
  interface Window {
    privacyChoices: PrivacyChoices;
    /** The IAB's GPP API 1.1: ping, addEventListener, removeEventListener, hasSection, getSection, getField. */
    __gpp(command: string, callback: (data: unknown, success: boolean) => void, parameter?: unknown): void;
    /** The IAB's US Privacy API: getUSPData, version 1. */
    __uspapi(command: string, version: number, callback: (data: unknown, success: boolean) => void): void;
  }
  interface WindowEventMap {
    "privacychoices:change": CustomEvent<Flag>;
  }
}
