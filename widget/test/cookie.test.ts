/** The cookie's codec. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { denies, format, parse, same, together, type SiteRecord } from "../src/core/cookie";
import type { Basis } from "../src/core/protocol";

const BASES: Basis[] = ["gpc", "choice", "consumer", "minor", "affirmed", "opted_in", "default", "unavailable"];
const EXAMPLE: SiteRecord = { letters: "dda", basis: "gpc", gpc: true, identified: false, asOf: 1795000000, maxAge: 300, token: "1.a-B_c.d" };

test("what is formatted can be parsed back", () => {
  for (const letters of ["aaa", "dda", "ddd", "ada"]) {
    for (const basis of BASES) {
      for (const token of ["", "abc", "1.x-Y_z.w.v"]) {
        const kept = { ...EXAMPLE, letters, basis, token, gpc: token === "", identified: basis !== "gpc" };
        assert.deepEqual(parse(format(kept)), kept);
      }
    }
  }
});

test("the text is what the service writes too", () => {
  assert.equal(format(EXAMPLE), "1.dda.gpc.1.1795000000.300.1.a-B_c.d");
});

test("no text with one character less or a foreign one passes for another record", () => {
  const text = format({ ...EXAMPLE, token: "" });
  for (let end = 0; end < text.length; end++) assert.equal(parse(text.slice(0, end)), null, text.slice(0, end));
  for (const bad of [`${text} `, `${text};`, ` ${text}`, text.replace("dda", "ddx"), text.replace(".1.", ".4.")]) {
    assert.equal(parse(bad), null, bad);
  }
});

test("two texts say the same when only their clocks differ, and by less than a minute", () => {
  const text = format(EXAMPLE);
  for (const asOf of [0, 59, -59]) assert.ok(same(format({ ...EXAMPLE, asOf: EXAMPLE.asOf + asOf }), text), `${asOf}`);
  const others = [{ asOf: EXAMPLE.asOf + 60 }, { letters: "ddd" }, { maxAge: 0 }, { token: "" }, { gpc: false }];
  for (const other of others) assert.ok(!same(format({ ...EXAMPLE, ...other }), text), JSON.stringify(other));
  for (const none of [undefined, "", "?", "...."]) assert.ok(!same(none, text));
});

test("several texts say the strictest of each right, under the first token", () => {
  const text = (letters: string, token: string, asOf = EXAMPLE.asOf) => format({ ...EXAMPLE, letters, token, asOf });
  assert.equal(together([]), undefined);
  assert.equal(together(["?"]), "?");
  assert.equal(together(["?", text("aaa", "t")]), text("aaa", "t"));
  assert.equal(together([text("dda", "one", 1_700_000_000), text("aaa", "two")]), text("dda", "one", 1_700_000_000));
  assert.equal(together([text("aad", "one"), text("dda", "two", 1_700_000_000)]), text("ddd", "one", 1_700_000_000));
  assert.equal(together([text("dda", ""), text("dda", "two")]), text("dda", "two"));
});

test("a text denies when any of its letters does, or when it can't be read", () => {
  for (const letters of ["dda", "aad", "ada", "ddd"]) assert.ok(denies(format({ ...EXAMPLE, letters })));
  assert.ok(!denies(format({ ...EXAMPLE, letters: "aaa" })));
  assert.ok(denies("?"));
  assert.ok(!denies(""));
});

test("another clock may be any number of seconds away, if one says so", () => {
  const text = format(EXAMPLE);
  assert.ok(same(format({ ...EXAMPLE, asOf: EXAMPLE.asOf + 900 }), text, Infinity));
  assert.ok(!same(format({ ...EXAMPLE, asOf: EXAMPLE.asOf + 900, letters: "aaa" }), text, Infinity));
  assert.ok(!same("?", text, Infinity));
});
