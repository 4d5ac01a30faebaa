/** When the service is asked. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer } from "../src/core/answer";
import { needsService } from "../src/core/freshness";
import { lettersOf } from "../src/core/settle";
import { RULE } from "./site";

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

test("fresh, stale and missing, as the page sees it: every kind of record at every age", () => {
  const rule = { ...RULE, d: "ddd", r: { "us-ca": "aaa" } };
  const [second, minute, day] = [1, 60, 86_400];
  // letters, basis, age in seconds -> the flag's letters in California and without a region, and whether it is asked
  const table: [string, string, number, string, string, boolean][] = [
    ["aaa", "opted_in", 0, "aaa", "aaa", false],
    ["aaa", "opted_in", 5 * minute, "aaa", "aaa", false],
    ["aaa", "opted_in", 5 * minute + second, "aaa", "aaa", true], // answers at once, is asked in the background
    ["aaa", "opted_in", day, "aaa", "aaa", true],
    ["aaa", "opted_in", day + second, "aaa", "ddd", true], // counts as missing
    ["aad", "choice", day + second, "aad", "ddd", true],
    ["daa", "choice", 5 * minute + second, "daa", "daa", true],
    ["dda", "choice", 5 * minute + second, "dda", "dda", false],
    ["dda", "choice", day, "dda", "dda", false],
    ["dda", "choice", day + second, "dda", "ddd", true], // still denied
    ["ddd", "unavailable", 5 * minute + second, "ddd", "ddd", true],
    ["aaa", "opted_in", -minute + second, "aaa", "aaa", false],
    ["aaa", "opted_in", -minute - second, "aaa", "ddd", true], // nobody's clock here
    ["dda", "choice", -minute - second, "dda", "ddd", true],
    ["aaa", "opted_in", -day - second, "aaa", "ddd", true],
  ];
  for (const [letters, basis, age, californian, anywhere, asks] of table) {
    const record = text(letters, basis, age);
    const said = (region?: string) => lettersOf(answer(rule, { region }, `pc_acme=${record}`, true, false, NOW));
    assert.deepEqual([said("us-ca"), said(), needsService(record, false, NOW, 300)], [californian, anywhere, asks], record);
  }
});
