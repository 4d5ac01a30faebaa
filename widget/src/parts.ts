/** The parts that the manager is made of, in this window. */

import type { Cell } from "./core/cell";
import type { Clock } from "./core/clock";
import type { Voice } from "./core/gpp";
import type { Parts } from "./core/manager";
import type { Config, Tag } from "./core/protocol";
import { stringsOf } from "./core/strings";
import type { Extras } from "./extras/extras";
import { aloneIn } from "./page/alone";
import { plainHere, recordCell } from "./page/cookies";
import { fetchingService } from "./page/fetching";
import { quietly } from "./quietly";
import { storageCell } from "./page/storage";
import { uuid } from "./page/uuid";

export interface Host {
  readonly win: Window;
  readonly config: Config;
  /** Data of the embedding tag. */
  readonly tag: Tag;
  readonly nonce: string;
  readonly extras: Extras;
  /** The stub's `__gpp`, where there is one. */
  readonly voice?: Voice | undefined;
}

/** The plain name of the site's cookie, and what all else that is kept in the browser is named after. */
export function nameOf({ rule }: Config): string {
  return `pc_${rule.s}`;
}

/** The site's own key of that ending in web storage: for the session, or for good. */
export type Stored = (ending: string, kind?: "sessionStorage" | "localStorage") => Cell;

export function storedIn({ win, config }: Host): Stored {
  return (ending, kind = "localStorage") => storageCell(() => win[kind], nameOf(config) + ending);
}

export function partsOf({ win, config, tag, extras }: Host, stored: Stored, lang: () => string): Omit<Parts, "updated" | "wrote" | "brought" | "unread"> {
  const { rule, service, api, credentials = "omit" } = config;
  const { document: doc, navigator } = win;
  const name = nameOf(config);
  const gpc = (navigator as { globalPrivacyControl?: unknown }).globalPrivacyControl;
  return {
    rule,
    tag,
    lang,
    gpc: typeof gpc === "boolean" ? gpc : null,
    storage: navigator.cookieEnabled && quietly(() => doc.cookie) !== undefined,
    cookie: recordCell({ win, config, extras }, name, stored(""), stored("_d")),
    plain: plainHere({ win, config }),
    queue: stored("_q"),
    signalId: stored("_s"),
    service: fetchingService(`${api || service}/v1/${rule.s}`, credentials),
    strings: stringsOf(config, stored("_g")),
    clock: clockOf(win),
    alone: aloneIn(win, name),
  };
}

function clockOf(win: Window): Clock {
  return {
    now: () => Date.now(),
    later: (seconds, act) => void win.setTimeout(act, seconds * 1e3),
    chance: () => Math.random(),
    id: () => uuid(win.crypto),
  };
}
