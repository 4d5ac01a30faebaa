/** Which strings belong to a flag: the service's own, those of the table, and doubt. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryCell } from "../src/core/cell";
import type { Answer, Basis, Flag } from "../src/core/protocol";
import { stringsOf } from "../src/core/strings";
import { RULE, STRINGS } from "./site";

function flag(letters: string, basis: Basis, gpc = false, more: Partial<Flag> = {}): Flag {
  const [sale, share, sensitive] = Array.from(letters, (letter): Answer => (letter === "a" ? "allowed" : "denied"));
  return { site: "acme", sale: sale!, share: share!, sensitive: sensitive!, basis, gpc, us_privacy: "here", as_of: "", max_age: 1, ...more };
}

const made = (cell = memoryCell()) => stringsOf({ rule: RULE, strings: STRINGS }, cell);
const MINOR = flag("dda", "minor", false, { gpp: "of-a-minor", gpp_sid: [8, 10], us_privacy: "1YYN" });

test("what the page knows by itself stands in the table", () => {
  const { gpp, gpp_sid, us_privacy } = made().speak(flag("aaa", "default"), false);
  assert.deepEqual([gpp, gpp_sid, us_privacy], ["DBABBg~BUoAAACA.QA", [8], "here"]);
  assert.equal(made().speak(flag("dda", "gpc", true), false).gpp, "DBABBg~BUUAAACA.YA");
});

test("doubt speaks opted out, and so does a default when the service is silent", () => {
  for (const said of [
    made().speak(flag("ddd", "unavailable"), false),
    made().speak(flag("aaa", "default"), true),
    made().speak(flag("ada", "choice"), false), // in no table
  ]) {
    assert.deepEqual([said.gpp, said.us_privacy], ["DBABBg~BUUAAACA.QA", "1YYN"]);
  }
  assert.equal(made().speak(flag("aaa", "opted_in"), true).gpp, "DBABBg~BUoAAACA.QA");
});

test("the strings of an answer hold as long as that answer is the flag, on later pages too", () => {
  const cell = memoryCell();
  made(cell).hold(MINOR);
  const said = made(cell).speak(flag("dda", "minor"), false);
  assert.deepEqual([said.gpp, said.gpp_sid, said.us_privacy], ["of-a-minor", [8, 10], "1YYN"]);
  for (const other of [flag("dda", "choice"), flag("dda", "minor", true), flag("ddd", "minor")]) {
    assert.notEqual(made(cell).speak(other, false).gpp, "of-a-minor");
  }
  assert.notEqual(made(cell).speak(flag("ddd", "unavailable"), false).gpp, "of-a-minor");
});

test("an answer without strings changes nothing, and what is kept may be spoilt", () => {
  const cell = memoryCell();
  made(cell).hold(flag("aaa", "default"));
  assert.equal(cell.read(), undefined);
  cell.write("whatever");
  assert.equal(made(cell).speak(flag("aaa", "default"), false).gpp, "DBABBg~BUoAAACA.QA");
});
