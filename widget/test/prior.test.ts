/** What another consent tool has noted. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { optedOutBefore } from "../src/page/prior";

const doc = { cookie: "tool=marketing:no; other=1" } as Document;

test("a pattern that this browser can't read disables none of those behind it", () => {
  assert.equal(optedOutBefore(doc, [["tool", "(?<"], ["other", "^1$"]]), true);
  assert.equal(optedOutBefore(doc, [["tool", "(?<"], ["tool", "marketing:no"]]), true);
});

test("a pattern that can't be read opts nobody out", () => {
  assert.equal(optedOutBefore(doc, [["tool", "(?<"], ["other", "^2$"]]), false);
});
