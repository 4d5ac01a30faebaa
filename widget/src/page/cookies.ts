/**
 * The record as cookies, and what stands beside them. Where a cookie is one host's alone it has the prefix `__Host-` on
 * https: any sibling subdomain could set one under the plain name. A denial is mirrored in storage, which no sibling
 * reaches, because the browser drops cookies when anybody sets too many.
 */

import type { Cell, RecordCell } from "../core/cell";
import { denies, format, parse, same, together } from "../core/cookie";
import type { Config } from "../core/protocol";
import type { Extras } from "../extras/extras";
import { quietly } from "../quietly";

/** Seconds: 400 days, the longest that browsers keep a cookie. */
const MAX_AGE = 34560000;
const PREFIX = "__Host-";

/** Writes a cookie of this site; an empty text takes it away. May throw. */
export type WriteCookie = (name: string, text: string, where?: string) => void;

interface Site {
  readonly win: Window;
  readonly config: Pick<Config, "api" | "cookie_domain" | "rule">;
}

/** Return whether the plain name is the page's own. A frame without an address of its own is as its page may be. */
export function plainHere({ win, config }: Site): boolean {
  return !config.rule.h || win.location.protocol === "http:";
}

/** The cookies are those of the configured domain, of this host alone without one; secure where the page is. */
export function cookieWriter({ win, config }: Site): WriteCookie {
  const secure = win.location.protocol === "http:" ? "" : "; Secure";
  const domain = config.cookie_domain;
  const put = (name: string, text: string, where: string) => {
    const age = text ? MAX_AGE : 0;
    win.document.cookie = `${name}=${text}; Path=/; SameSite=Lax; Max-Age=${age}${where}${secure}`;
  };
  return (name, text, where = domain ? `; Domain=${domain}` : "") => {
    // A cookie of this host alone would hide the one that the whole domain shares.
    if (domain) put(name, "", "");
    put(name, text, where);
  };
}

/**
 * @param name the plain one
 * @param spare what holds the text where the browser keeps no cookie
 * @param mirror what holds a denial besides
 */
export function recordCell(site: Site & { extras: Extras }, name: string, spare: Cell, mirror: Cell): RecordCell {
  const { document: doc, location } = site.win;
  const put = cookieWriter(site);
  const plain = plainHere(site);
  const own = plain ? name : PREFIX + name;
  const names = plain ? [PREFIX + name, name] : [own];
  const mark = `-${name}=`;
  const before = plain ? undefined : site.extras.former?.(location, name, texts, put, { denies, format, parse });

  function texts(wanted: string): string[] {
    const pairs = doc.cookie.split("; ").filter((pair) => pair.startsWith(`${wanted}=`));
    return pairs.map((pair) => pair.slice(wanted.length + 1));
  }

  /** The mirror comes first: this origin alone can have written it. */
  function owned(): string[] {
    const beside = [(mirror.read() || "").split(mark)[1], spare.read()];
    // A sandboxed frame may not read cookies: in doubt.
    return [...beside.filter((text) => text !== undefined), ...quietly(() => names.flatMap(texts), ["?"])];
  }

  function write(text = ""): void {
    spare.write(text || undefined);
    mirror.write(denies(text) ? mark + text : undefined);
    // Where it fails the spare holds it.
    quietly(() => {
      const there = () => texts(own).some((other) => other === text || same(other, text));
      if (plain && texts(PREFIX + name).length) put(PREFIX + name, "", ""); // from before the domain was shared
      // The service has just written it: rewritten here, Safari would forget it in 7 days.
      if (!site.config.api || !there()) put(own, text);
      before?.renew(text);
      if (there()) spare.write(undefined);
    });
  }

  quietly(() => {
    const former = owned().length ? undefined : before?.adopt();
    if (former !== undefined) write(former);
  });
  return {
    read: () => together(owned()),
    write,
    all() {
      const cookies = quietly(
        () => [PREFIX + name, name].flatMap((cookie) => texts(cookie).map((text) => `${cookie}=${text}`)),
        [`${name}=`],
      );
      const spareText = spare.read();
      return [...cookies, mirror.read(), spareText !== undefined && `${own}=${spareText}`].join("; ");
    },
    torn: () => new Set(owned().map((text) => parse(text)?.letters)).size > 1,
    former: () => !!quietly(() => before?.optedOut()),
  };
}
