// The built parts share a function, or the page: none of them may leave a name there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { EXTRAS } from "../scripts/sizes.mjs";

for (const name of ["natives", ...EXTRAS, "view", "settings", "writing", "prior"]) {
  test(`${name} declares nothing outside of itself`, () => {
    const page = createContext({});
    const names = () => runInContext("Object.getOwnPropertyNames(globalThis)", page);
    const before = names();
    try {
      runInContext(readFileSync(new URL(`../dist/${name}.js`, import.meta.url), "utf8"), page);
    } catch (_) {
      // There is no document here; names are declared before anything runs.
    }
    assert.deepEqual(names(), before);
  });
}
