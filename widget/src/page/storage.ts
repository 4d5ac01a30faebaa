/** A key of web storage as a cell. Where storage is refused or full, memory holds the text for this page. */

import { memoryCell, type Cell } from "../core/cell";

/** @param open gives the storage; touching it may throw where the browser blocks it */
export function storageCell(open: () => Storage, key: string): Cell {
  const spare = memoryCell();
  return {
    read() {
      const held = spare.read();
      if (held !== undefined) return held;
      try {
        return open().getItem(key) || undefined;
      } catch {
        return undefined;
      }
    },
    write(text) {
      spare.write(text);
      try {
        if (text === undefined) open().removeItem(key);
        else open().setItem(key, text);
        spare.write(undefined);
      } catch {
        // The spare holds it.
      }
    },
  };
}
