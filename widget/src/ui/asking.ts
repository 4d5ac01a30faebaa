/**
 * Interface between the script and the view, which is a bundle of its own for each language: a page whose visitor's
 * choice is known is told it without waiting for what shows it. The element that loads the bundle carries it. Types only.
 */

import type { Cell } from "../core/cell";
import type { Manager } from "../core/manager";
import type { Config, Flag, Show } from "../core/protocol";
import type { Load } from "../page/loading";
import type { Leaving } from "../settings/asking";

/** Calls by which the script acts for the visitor. */
export interface Acts extends Pick<Manager, "flag" | "ask" | "restrict" | "allow"> {
  readonly leaving: Leaving;
  /** Told whether question or settings are to be seen, whenever it may be different. */
  seen(visible: boolean): void;
}

export interface View {
  update(flag: Flag, show: Show): void;
  /** Looks again which links the page has. */
  look(): void;
  open(invoker: HTMLElement | null): void;
}

export interface Stage {
  readonly win: Window;
  readonly config: Config;
  readonly lang: string;
  readonly nonce: string;
  readonly load: Load;
  /** Parts that the visitor closed in this session: letters b (banner), n (notice), s (status). */
  readonly closed: Cell;
  /** Remembers that the notice of a conflict was shown on this device. */
  readonly noticed: Cell;
}

export type Draw = (stage: Stage, acts: Acts) => View;

/** The element that loads the bundle. */
export interface Asking {
  built?(draw: Draw): void;
}
