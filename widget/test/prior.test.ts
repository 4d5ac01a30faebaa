/** What another consent tool has noted, and by which id it knew somebody. Tools' own cookies: tests/embed/test_prior.py. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PriorReading } from "../src/core/protocol";
import { deniedBefore, knownBefore } from "../src/prior/reading";

const OUT = { sale_share: "opt_out" };
const pairs: PriorReading = { cookie: "tool", doubt: 1, sale_share: ["ads"], granted: "^yes$" };
const query: PriorReading = { ...pairs, field: "groups", signals: ["gpc"], others: ["must"], refused: "^no$" };
const page = (cookie: string) => ({ cookie }) as Document;

test("a pattern of the site's that this browser can't read leaves its cookie in doubt, and the others are read", () => {
  const broken = { cookie: "tool", doubt: 1, opted_out: "(?<" };
  const other = { cookie: "other", doubt: 2, opted_out: "^1$" };
  assert.deepEqual(deniedBefore(page("tool=marketing:yes"), [broken]), OUT);
  assert.equal(deniedBefore(page("another=1"), [broken]), undefined);
  assert.deepEqual(deniedBefore(page("other=1"), [broken, other]), { sensitive: "limit" });
});

test("what is in no cookie denies nothing, and an empty cookie notes nothing", () => {
  for (const cookie of ["", "tool", "tool=", "mytool=ads:no", "x=tool=ads:no"]) {
    assert.equal(deniedBefore(page(cookie), [pairs, query]), undefined, cookie);
  }
});

test("any encoding of the same words is read: percent, twice, three times, base64, JSON, a literal", () => {
  const words = ["ads:no", "{ads:'no'}", '{"ads":"no"}', '{"it":{"ads":"no"},"must":"yes"}', "ads=no&must=yes"];
  const granted = (text: string) => text.replace("no", "yes");
  for (const word of words) {
    let text = word;
    for (let round = 0; round < 4; round++) {
      assert.deepEqual(deniedBefore(page(`tool=${text}`), [pairs]), OUT, text);
      text = encodeURIComponent(text);
    }
    assert.equal(deniedBefore(page(`tool=${encodeURIComponent(granted(word))}`), [pairs]), undefined, word);
  }
  assert.deepEqual(deniedBefore(page(`tool=${btoa('{"ads":"no"}')}`), [pairs]), OUT);
  assert.equal(deniedBefore(page(`tool=${encodeURIComponent(btoa('{"ads":"yes"}'))}`), [pairs]), undefined);
});

test("an address in another member of a query string says nothing of the groups", () => {
  const path = encodeURIComponent("/?a=1&groups=ads:no&gpc=1");
  assert.equal(deniedBefore(page(`tool=path=${path}&groups=ads:yes`), [query]), undefined);
  assert.equal(deniedBefore(page(`tool=groups=ads:yes&path=${path}`), [query]), undefined);
  assert.deepEqual(deniedBefore(page(`tool=path=${path}&groups=ads:no`), [query]), OUT);
  assert.deepEqual(deniedBefore(page(`tool=groups=ads:yes&groups=ads:no`), [query]), OUT);
});

test("a signal that the tool has seen denies, and its absence grants nothing", () => {
  assert.deepEqual(deniedBefore(page("tool=gpc=1&groups=ads:yes"), [query]), OUT);
  assert.equal(deniedBefore(page("tool=gpc=0&groups=ads:yes"), [query]), undefined);
  assert.deepEqual(deniedBefore(page("tool=gpc=0&groups=ads:no"), [query]), OUT);
});

test("what can't be read denies all that the cookie may deny", () => {
  const both = { ...query, doubt: 3, sensitive: ["health"] };
  for (const text of ["%", "gpc=0", "groups", "groups=", "groups=ads", "groups=%E9", "x".repeat(9000)]) {
    assert.deepEqual(deniedBefore(page(`tool=${text}`), [both]), { ...OUT, sensitive: "limit" }, text.slice(0, 20));
  }
  assert.deepEqual(deniedBefore(page("tool=groups=ads:yes,health:maybe"), [both]), { sensitive: "limit" });
  assert.deepEqual(deniedBefore(page("tool=groups=ads:yes,unheard:no"), [both]), OUT);
  assert.equal(deniedBefore(page("tool=groups=must:no"), [both]), undefined);
});

test("reading takes a time that grows with the text alone", () => {
  const hostile = ["groups=".repeat(1170), "groups=" + "ads:".repeat(2000), "%".repeat(8000), "%2525".repeat(1600), "{".repeat(8000)];
  for (const text of hostile) assert.deepEqual(deniedBefore(page(`tool=${text}`), [query]), OUT);
});

test("where a page has replaced what reads them, whoever has such a cookie is in doubt, and nobody else", (t) => {
  t.mock.method(String.prototype, "split", () => {
    throw new Error("the page's own");
  });
  const said = [page("tool=ads:yes"), page("other=1")].map((doc) => deniedBefore(doc, [pairs]));
  t.mock.restoreAll();
  assert.deepEqual(said, [OUT, undefined]);
});

const known = page("tool=at=1&id=a%2Bb&x=2; other=7; long=" + "x".repeat(257));

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
