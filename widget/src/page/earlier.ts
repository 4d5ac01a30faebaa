/**
 * Earlier: another consent tool's cookies, as long as nobody has read them. What reads them is a file of its own, since
 * few devices have such cookies; until it has spoken, and where it can't be had, they deny.
 */

import type { Cell } from "../core/cell";
import type { PriorId } from "../core/protocol";
import type { Restriction } from "../core/settle";
import type { Asking, Noted } from "../prior/asking";
import type { Host } from "../parts";
import { quietly } from "../quietly";
import type { Load } from "./loading";

/** Milliseconds after which the page goes on without the file. */
const PATIENCE = 3e3;

/** In a record of ours: its basis is the law's default, so nobody has chosen. It may be older than the cookies. */
const NO_CHOICE = ".default.";

export interface Earlier {
  /** Return whether they deny because nobody has read them yet. */
  unread(): boolean;
  /**
   * Resolves once they are read, or can't be in this page view, with what they deny where nobody has chosen here.
   *
   * @param brought is told the id by which the tool knew the visitor
   */
  read(load: Load, brought: { prior?: PriorId | undefined }): Promise<Restriction | undefined>;
}

/**
 * Return undefined where the page has no such cookies.
 *
 * @param record gives the text of the site's own record
 * @param own what the script wrote itself, as cookies stand: `usprivacy` is a name for everybody
 * @param seen remembers which cookies were read and denied nothing
 */
export function earlier(
  { win, config }: Pick<Host, "win" | "config">,
  record: () => string | undefined,
  own: string,
  seen: Cell,
): Earlier | undefined {
  const address = config.prior!;
  // The pattern's seventh group is the name of such a cookie.
  const isTheirs = (pair: string) => pair.match(config.rule.p)?.[7] && !own.split("; ").includes(pair);
  const all = win.document.cookie;
  // Where a page has replaced what takes texts apart, the file gets them all.
  const cookie = quietly(() => all.split("; ").filter(isTheirs).join("; "), all);
  if (!cookie) return undefined;
  // A number, not a copy of another tool's words. The address stands for the tables by which they were read.
  let sum = 0;
  const text = address + cookie;
  for (let at = 0; at < text.length; at++) sum = (31 * sum + text.charCodeAt(at)) | 0;
  const isNew = seen.read() !== `${sum}`;
  let isRead = false;

  const chosen = () => !(record() || NO_CHOICE).includes(NO_CHOICE);

  return {
    unread: () => !isRead && !chosen() && (isNew || record() === undefined),
    async read(load, brought) {
      const reading = await new Promise<Parameters<Noted> | undefined>((done) => {
        const asking: Asking & Partial<HTMLScriptElement> = {
          cookie,
          noted: (...reading) => done(reading),
          onerror: () => done(undefined),
        };
        setTimeout(done, PATIENCE);
        quietly(() => load(address, asking));
      });
      if (!reading) return undefined;
      const [denied, prior] = reading;
      isRead = true;
      brought.prior = prior;
      if (!denied) seen.write(`${sum}`);
      return chosen() ? undefined : denied;
    },
  };
}
