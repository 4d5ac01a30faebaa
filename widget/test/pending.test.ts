/** The queue's text, and how long it waits. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { delay, mayGoBetter, retryAfter } from "../src/core/backoff";
import { add, decode, encode, postpone, remove, type Pending } from "../src/core/pending";

const ITEM: Pending = { id: "1", method: "banner", lang: "en", made_at: "2026-11-22T10:00:00Z", sale_share: "opt_out" };

test("a queue survives its text", () => {
  const list = postpone(add([ITEM], { ...ITEM, id: "2", sale_share: undefined as never, sensitive: "limit" }), "1", 5);
  assert.deepEqual(decode(encode(list)), JSON.parse(JSON.stringify(list)));
  assert.equal(list.length, 2);
});

test("an empty queue leaves nothing in storage", () => {
  assert.equal(encode(remove([ITEM], "1")), undefined);
});

test("the same choice twice waits once, under its first id", () => {
  assert.deepEqual(add([ITEM], { ...ITEM, id: "2" }), [ITEM]);
});

test("garbage in storage is an empty queue", () => {
  for (const text of ["", "{", "null", "7", "{}", "[null]", '[{"id":1}]', '["x"]']) assert.deepEqual(decode(text), []);
});

test("an opt-in in storage is never taken for something to send", () => {
  assert.deepEqual(decode(JSON.stringify([{ ...ITEM, sale_share: "opt_in" }])), []);
});

test("waiting grows with every failure and is bounded", () => {
  const waits = [1, 2, 3, 20].map((tries) => delay(tries, 0, 0));
  assert.deepEqual(waits, [1, 2, 4, 150]);
  assert.ok(delay(1, 0, 0.999) < 2);
});

test("what the service asks for is honoured, within reason", () => {
  assert.equal(delay(1, 30, 0), 30);
  assert.equal(delay(1, 1e9, 0), 3600);
});

test("Retry-After is read as seconds or as a date", () => {
  const now = Date.parse("2026-11-22T10:00:00Z");
  assert.equal(retryAfter("120", now), 120);
  assert.equal(retryAfter("Sun, 22 Nov 2026 10:01:00 GMT", now), 60);
  for (const odd of [null, "", "soon", "-5", "Sun, 22 Nov 2020 10:01:00 GMT"]) assert.equal(retryAfter(odd, now), 0);
});

test("only trouble that may pass is worth another attempt", () => {
  for (const status of [0, 408, 429, 500, 503]) assert.ok(mayGoBetter(status));
  for (const status of [400, 403, 404, 422]) assert.ok(!mayGoBetter(status));
});
