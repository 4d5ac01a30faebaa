/**
 * Interface between the script and the settings, which are a bundle of their own: most visitors never open them.
 * The element that loads the bundle carries it. Types only.
 */

import type { Flag } from "../core/protocol";
import type { Make } from "../ui/element";
import type { Texts } from "../ui/texts";

/** Subject of a switch, as the texts' keys begin. */
export type Subject = "sale_share" | "sensitive";

/** Parts that send the visitor to the choices page. */
export interface Leaving {
  /** The cookie's text, and how it is written. */
  record(): string | undefined;
  rewrite(text: string): void;
  /** Keeps this tab's state: who brings a result without it was not sent away from here. */
  remember(state: string): void;
  fresh(): string;
}

export interface Given {
  readonly make: Make;
  readonly lang: string;
  readonly texts: Texts;
  /** True if the site uses sensitive personal information for more than its service needs. */
  readonly sensitive: boolean | undefined;
  /** The address of the service's own page about these choices. */
  readonly page: string;
  choose(subject: Subject, allow: boolean, event: Event): void;
  closed(): void;
  readonly leaving: Leaving;
}

export interface Settings {
  readonly root: HTMLDialogElement;
  /** Place for the answer to a choice made here. */
  readonly place: HTMLElement;
  readonly styles: string;
  update(flag: Flag): void;
}

export type Build = (given: Given) => Settings;

/** The element that loads the bundle. */
export interface Asking {
  built?(build: Build): void;
}
