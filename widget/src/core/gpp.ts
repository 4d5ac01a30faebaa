/** The words of the IAB's `__gpp` 1.1, as stub and script pass them to each other. Types only. */

/** One sub-section's fields: the core's, or those of the signal. */
export type Fields = Readonly<Record<string, number | boolean | readonly number[]>>;

export interface Ping {
  readonly gppVersion: string;
  readonly cmpStatus: "stub" | "loaded";
  readonly cmpDisplayStatus: "hidden" | "visible";
  readonly signalStatus: "not ready" | "ready";
  readonly supportedAPIs: readonly string[];
  readonly cmpId: number;
  readonly sectionList: readonly number[];
  readonly applicableSections: readonly number[];
  readonly gppString: string;
  readonly parsedSections: Readonly<Record<string, readonly Fields[]>>;
}

/** Hears an answer or an event. No success: what was asked could not be processed. */
export interface Heard {
  (data: unknown, success: boolean): void;
  /** The window that asked by message; none: the page itself. */
  readonly source?: unknown;
}

/** Parts that the stub lends to the script. `ping`, `answer` and `hear` are there to be replaced by the script's own. */
export interface Voice {
  /** Whoever listens, by id; empty once it was removed. */
  readonly listeners: (Heard | undefined)[];
  /** The stub's patience, to be cleared. */
  readonly timer: number;
  /** Tells one listener, who may throw. */
  say(id: number, event: string, data: unknown): void;
  ping(): Ping;
  /** Every command that the stub does not answer itself. */
  answer(command: string, callback?: Heard, parameter?: unknown): void;
  /** A message, of which nobody has looked yet whether it asks anything. */
  hear(event: MessageEvent): void;
}
