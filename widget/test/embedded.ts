/** The built stub as a page has it: wrapped as the service does, with a site's facts. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Rule } from "../src/core/protocol";

const STUB = readFileSync(fileURLToPath(new URL("stub.js", import.meta.url)), "utf8").trim();

export function embedded(rule: Rule): string {
  return `($=>{${STUB}})(${JSON.stringify(rule)})`;
}
