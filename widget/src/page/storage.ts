/** A key of web storage as a cell. Where storage is refused or full, memory holds the text for this page. */

import { memoryCell, type Cell } from "../core/cell";
import { quietly } from "../quietly";

/** @param open gives the storage; touching it may throw where the browser blocks it */
export function storageCell(open: () => Storage, key: string): Cell {
  const spare = memoryCell();
  return {
    read() {
      const held = spare.read();
      return held === undefined ? quietly(() => open().getItem(key) || undefined) : held;
    },
    write(text) {
      spare.write(text);
      // Where it fails the spare holds it.
      quietly(() => {
        if (text === undefined) open().removeItem(key);
        else open().setItem(key, text);
        spare.write(undefined);
      });
    },
  };
}
