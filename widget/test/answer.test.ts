/** The flag rule that stub and script share. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer } from "../src/core/answer";
import type { Flag, Rule } from "../src/core/protocol";
import { RULE } from "./site";

const NOW = 1_795_000_000_000;
const HOUR = 3_600_000;

function cookie(letters: string, basis: string, ageMs = 0, gpc = 0): string {
  return `1.${letters}.${basis}.${gpc}.${(NOW - ageMs) / 1000}.300.abc.def`;
}

function said(text: string | undefined, gpc: boolean, d: string, u = RULE.u): Flag {
  return answer({ ...RULE, d, u }, {}, text === undefined ? "" : `pc_acme=${text}`, true, gpc, NOW);
}

function letters(text: string | undefined, { gpc = false, fallback = "aaa" } = {}): string {
  const flag = said(text, gpc, fallback);
  return [flag.sale, flag.share, flag.sensitive].map((word) => word[0]).join("") + " " + flag.basis;
}

test("nothing on record is the default", () => {
  assert.equal(letters(undefined), "aaa default");
  assert.equal(letters(undefined, { fallback: "dad" }), "dad default");
});

test("the signal denies sale and sharing and leaves sensitive alone", () => {
  assert.equal(letters(undefined, { gpc: true }), "dda gpc");
  assert.equal(letters(undefined, { gpc: true, fallback: "aad" }), "ddd gpc");
  assert.equal(letters(cookie("aaa", "opted_in"), { gpc: true }), "dda gpc");
});

test("only an affirmation outranks the signal, and only while it is fresh", () => {
  assert.equal(letters(cookie("aaa", "affirmed"), { gpc: true }), "aaa affirmed");
  assert.equal(letters(cookie("aaa", "affirmed", 25 * HOUR), { gpc: true }), "dda gpc");
  assert.equal(letters(cookie("aad", "affirmed", 25 * HOUR), { gpc: true }), "ddd gpc");
});

test("no other word for a basis outranks the signal", () => {
  const words = ["gpc", "choice", "consumer", "minor", "unavailable", "opted_in", "default"];
  for (const basis of [...words, "0", "A", "_", "aa", "AFFIRMED", "affirmed_", "affirme"]) {
    assert.equal(letters(cookie("aaa", basis), { gpc: true }), "dda gpc", basis);
  }
});

test("an allowed answers for a day and then counts as missing", () => {
  assert.equal(letters(cookie("aaa", "opted_in", 24 * HOUR), { fallback: "ddd" }), "aaa opted_in");
  assert.equal(letters(cookie("aaa", "opted_in", 25 * HOUR), { fallback: "ddd" }), "ddd default");
  assert.equal(letters(cookie("aaa", "opted_in", -25 * HOUR), { fallback: "ddd" }), "ddd default");
});

test("a denial never turns to allowed by growing old", () => {
  for (const basis of ["choice", "gpc", "consumer", "minor", "unavailable"]) {
    assert.equal(letters(cookie("ddd", basis, 400 * 24 * HOUR)), `ddd ${basis}`);
  }
  assert.equal(letters(cookie("dda", "choice", 25 * HOUR), { fallback: "aad" }), "ddd choice");
});

test("a cookie that can't be read is denied", () => {
  const broken = ["", "?", "2.aaa.default.0.1795000000.300.", "1.aaa", "1.aab.default.0.1795000000.300.", "null"];
  const huge = `1.aaa.default.0.${"9".repeat(30)}.300.`;
  for (const text of [...broken, huge]) {
    assert.equal(letters(text), "ddd unavailable", text);
    assert.equal(letters(text, { gpc: true }), "ddd gpc", text);
  }
});

test("a default that is no default denies", () => {
  assert.equal(letters(undefined, { fallback: "" }), "ddd default");
});

test("the flag has every member of the public contract", () => {
  assert.deepEqual(said(cookie("dda", "choice", 5000, 1), false, "aaa"), {
    site: "acme",
    sale: "denied",
    share: "denied",
    sensitive: "allowed",
    basis: "choice",
    gpc: true,
    us_privacy: "1YYN",
    as_of: new Date(NOW - 5000).toISOString().replace(".000", ""),
    max_age: 300,
  });
});

test("the US Privacy string speaks opted out when either sale or sharing is denied", () => {
  const spoken = (text: string) => said(text, false, "aaa").us_privacy;
  assert.equal(spoken(cookie("aad", "default")), "1YNN");
  assert.equal(spoken(cookie("ada", "choice")), "1YYN");
  assert.equal(spoken(cookie("daa", "choice")), "1YYN");
});

test("the US Privacy string is the one that the site's configuration gives for the outcome", () => {
  const elsewhere: Rule["u"] = ["1---", "1---", "1YYN"];
  const spoken = (text: string | undefined, { gpc = false, strings = elsewhere } = {}) =>
    said(text, gpc, "ddd", strings).us_privacy;
  assert.equal(spoken(undefined), "1---");
  assert.equal(spoken(undefined, { gpc: true }), "1---");
  assert.equal(spoken(cookie("aaa", "opted_in")), "1---");
  assert.equal(spoken(cookie("ddd", "choice")), "1---");
  const unnoticed: Rule["u"] = ["1NNN", "1NYN", "1NYN"];
  assert.equal(spoken(cookie("aad", "opted_in"), { strings: unnoticed }), "1NNN");
  assert.equal(spoken(cookie("ada", "choice"), { strings: unnoticed }), "1NYN");
});

test("a denial in doubt speaks opted out even where the law does not apply, and with the signal too", () => {
  for (const text of ["?", cookie("ddd", "unavailable")]) {
    for (const gpc of [false, true]) {
      assert.equal(said(text, gpc, "ddd", ["1---", "1---", "1YYN"]).us_privacy, "1YYN");
    }
  }
});

test("no other word for a basis is taken for doubt", () => {
  for (const basis of ["gpc", "choice", "consumer", "minor", "affirmed", "opted_in", "default"]) {
    assert.equal(said(cookie("ddd", basis), false, "ddd", ["aaaa", "bbbb", "cccc"]).us_privacy, "bbbb", basis);
  }
});
