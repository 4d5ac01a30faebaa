/** The built stub as a page has it: wrapped as the service does, with a site's facts, in as much of a page as it needs. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import type { Heard } from "../src/core/gpp";
import { RULE } from "./site";

const STUB = readFileSync(fileURLToPath(new URL("stub.js", import.meta.url)), "utf8").trim();

export interface Embedded {
  __gpp(command: string, callback?: Heard, parameter?: unknown): void;
  __uspapi(command: string, version: unknown, callback: Heard): void;
  /** The names of the frames that were put there. */
  readonly frames: string[];
  /** Lets a message come. */
  message(event: object): void;
  /** Lets the time come for what waits. */
  pass(): void;
}

/** @param given the page's own members: `document` and `navigator`, as far as a test says them */
export function embed<Page extends object>(rule: object, { document = {}, ...given }: { document?: object } & Page): Page & Embedded {
  const listeners: ((event: object) => void)[] = [];
  const due: (() => void)[] = [];
  const frames: string[] = [];
  const around = {
    createElement: () => ({}),
    head: { appendChild: (frame: { name: string }) => void frames.push(frame.name) },
    body: {},
  };
  const page = {
    ...given,
    location: (given as { location?: object }).location || { protocol: "https:" },
    document: Object.defineProperties(around, Object.getOwnPropertyDescriptors(document)),
    addEventListener: (_: string, listener: (event: object) => void) => void listeners.push(listener),
    // Nothing is drawn anew in a page that is none: browsers' tests do that.
    MutationObserver: class {
      observe() {}
    },
    setTimeout: (act: () => void) => due.push(act),
    frames,
    message: (event: object) => listeners.forEach((listener) => listener(event)),
    pass: () => due.splice(0).forEach((act) => act()),
  };
  runInNewContext(`try{($=>{${STUB}})(${JSON.stringify({ ...RULE, ...rule })})}catch{}`, page);
  return page as unknown as Page & Embedded;
}
