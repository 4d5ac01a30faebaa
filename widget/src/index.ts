/** The entry: the one file that touches `window`. Takes over from the stub, and starts once. */

import type { Voice } from "./core/gpp";
import type { Config, Flag, Tag } from "./core/protocol";
import type { Extras } from "./extras/extras";
import { quietly } from "./quietly";
import { setup, type PrivacyChoices } from "./setup";

declare const __CONFIG__: Config;
declare const __EXTRAS__: Extras;

/** Entry of the stub's queue: its tag's data, calls as [name, arguments], and whoever waits for `ready`. */
type Queued = Tag | [name: string, given: unknown[]] | ((flag: Flag) => void);

interface Stub {
  q?: Queued[];
  g?: Voice;
}

function start(): void {
  const host = window as unknown as { privacyChoices?: Partial<PrivacyChoices> & Stub };
  const existing = host.privacyChoices;
  // An element of that name is neither the stub nor the script.
  const stub = Array.isArray(existing?.q) ? existing : undefined;
  if (!stub && typeof existing?.flag == "function") return; // the script is here already
  const { currentScript } = document;
  const own = currentScript as HTMLScriptElement | null;
  const queue = stub?.q || [];
  const voice = stub?.g;
  const { api, begin } = setup({
    win: window,
    config: __CONFIG__,
    extras: __EXTRAS__,
    tag: { ...own?.dataset, ...(queue[0] as Tag) },
    nonce: own?.nonce || "",
    voice,
  });
  const { ready, ...calls } = api;
  if (stub) {
    // The page may hold on to the stub's object, and to its promise.
    Object.assign(stub, calls);
    delete stub.q;
    delete stub.g;
  } else {
    host.privacyChoices = api;
  }
  // The stub hears no message while so many calls wait: none does any more.
  for (const waiting of queue.splice(0)) {
    if (typeof waiting === "function") void ready.then(waiting);
    else if (Array.isArray(waiting)) quietly(() => replay({ ...calls, ...voice }, waiting));
  }
  begin().catch(() => {}); // nothing of ours surfaces as the page's own error
}

function replay(calls: object, [name, given]: [string, unknown[]]): void {
  (calls as Record<string, (...given: unknown[]) => void>)[name]?.(...given);
}

quietly(start);
