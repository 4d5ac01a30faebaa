/** What another consent tool has noted, and by which id it knew somebody. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { knownBefore, optedOutBefore } from "../src/page/prior";

const doc = { cookie: "tool=marketing:no; other=1" } as Document;

test("a pattern that this browser can't read disables none of those behind it", () => {
  assert.equal(optedOutBefore(doc, [["tool", "(?<"], ["other", "^1$"]]), true);
  assert.equal(optedOutBefore(doc, [["tool", "(?<"], ["tool", "marketing:no"]]), true);
});

test("a pattern that can't be read opts nobody out", () => {
  assert.equal(optedOutBefore(doc, [["tool", "(?<"], ["other", "^2$"]]), false);
});

const known = { cookie: "tool=at=1&id=a%2Bb&x=2; other=7; long=" + "x".repeat(257) } as Document;

test("the id is what the pattern's group holds, decoded", () => {
  assert.deepEqual(knownBefore(known, [["tool", "\\bid=([^&]+)"]]), { cookie: "tool", id: "a+b" });
});

test("the first cookie that has an id tells it, whatever patterns stand before", () => {
  const patterns = [["gone", "(.+)"], ["tool", "(?<"], ["tool", "none=(.+)"], ["tool", "at=1(y?)"], ["other", "(.+)"]] as const;
  assert.deepEqual(knownBefore(known, patterns), { cookie: "other", id: "7" });
});

test("an id that no import can have had is none", () => {
  assert.equal(knownBefore(known, [["long", "(.+)"]]), undefined);
  assert.equal(knownBefore(known, []), undefined);
});
