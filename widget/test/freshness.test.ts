/** When the service is asked. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { needsService } from "../src/core/freshness";

const NOW = 1_795_000_000_000;
const text = (letters: string, basis: string, age: number, gpc = 0) =>
  `1.${letters}.${basis}.${gpc}.${NOW / 1000 - age}.300.tok`;

test("it is asked when there is no cookie, or one that can't be read", () => {
  assert.ok(needsService(undefined, false, NOW));
  assert.ok(needsService("nonsense", false, NOW));
});

test("an allowed is rechecked once older than its max age", () => {
  assert.ok(!needsService(text("aaa", "default", 300), false, NOW));
  assert.ok(needsService(text("aaa", "default", 301), false, NOW));
});

test("a denied is good for a day", () => {
  assert.ok(!needsService(text("dda", "choice", 86_400), false, NOW));
  assert.ok(needsService(text("dda", "choice", 86_401), false, NOW));
});

test("an answer given in doubt is asked for again at once", () => {
  assert.ok(needsService(text("ddd", "unavailable", 301), false, NOW));
});

test("a signal that the service has not seen is told, once", () => {
  assert.ok(needsService(text("dda", "choice", 0, 0), true, NOW));
  assert.ok(!needsService(text("dda", "gpc", 0, 1), true, NOW));
});

test("a signal that went away is no reason to ask", () => {
  assert.ok(!needsService(text("dda", "gpc", 0, 1), false, NOW));
});

test("a clock that was set back makes an allowed stale", () => {
  assert.ok(needsService(text("aaa", "default", -3600), false, NOW));
});
