/** Obeying: what the page's tags, and what partners left behind, are made to do when the flag may be another one. */

import type { Flag, Right } from "./core/protocol";
import { gate, type Gate } from "./page/gate";
import type { Load } from "./page/loading";
import type { Trust } from "./page/trust";
import type { Host } from "./parts";

export interface Obeying extends Gate {
  /** Releases, takes back and erases by the flag as it is now. */
  obey(): void;
  /** Return true if every right in this list is allowed now. False where none is named: nobody said what it is for. */
  permits(rights: string): boolean;
}

export function obeying({ win, config, nonce, extras }: Host, flag: () => Flag, trusted: Trust, load: Load): Obeying {
  function permits(rights: string): boolean {
    const now = flag();
    const named = rights.match(/\S+/g);
    return !!named && named.every((right) => now[right as Right] === "allowed");
  }

  const tags = gate(win.document, permits, nonce, trusted, (waits) => load(config.writing, waits));
  return {
    ...tags,
    permits,
    obey() {
      tags.release();
      for (const left of config.traces || []) if (!permits(left.rights)) extras.erase!(win, left);
    },
  };
}
