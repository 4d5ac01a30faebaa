/** JSON text of plain data. Old libraries hang a `toJSON` on every array of the page; a copy has none. */

import { quietly } from "./quietly";

export function json(data: unknown): string {
  return JSON.stringify(quietly(() => structuredClone(data), data));
}
