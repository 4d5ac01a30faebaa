/** What the cookie holds after a choice made here and after an answer of the service. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, type SiteRecord } from "../src/core/cookie";
import type { Answer, Basis, Flag, Reply } from "../src/core/protocol";
import { restricted, settle, unacknowledged } from "../src/core/settle";

const NOW = 1_795_000_000_000;
const OPT_OUT = [{ sale_share: "opt_out" }] as const;

function flag(letters: string, basis: Basis, gpc = false): Flag {
  const [sale, share, sensitive] = Array.from(letters, (letter): Answer => (letter === "a" ? "allowed" : "denied"));
  const rest = { us_privacy: "1YNN", as_of: "2026-11-22T10:00:00Z", max_age: basis === "unavailable" ? 0 : 300 };
  return { site: "acme", sale: sale!, share: share!, sensitive: sensitive!, basis, gpc, ...rest };
}

function reply(letters: string, basis: Basis, visitor: string | null = null): Reply {
  return { flag: flag(letters, basis), visitor };
}

function kept(letters: string, basis: string, maxAge = 300): SiteRecord {
  return parse(`1.${letters}.${basis}.0.1794999000.${maxAge}.old`) as SiteRecord;
}

test("an answer is kept with its token, dated by this browser's clock", () => {
  assert.deepEqual(settle(null, reply("dda", "choice", "new"), [], true, NOW + 999), {
    record: { letters: "dda", basis: "choice", gpc: true, identified: false, asOf: NOW / 1000, maxAge: 300, token: "new" },
    lost: false,
  });
});

test("an answer without a token keeps the one there is", () => {
  assert.equal(settle(kept("aaa", "default"), reply("aaa", "default"), [], false, NOW).record.token, "old");
});

test("an opt-out that is not acknowledged outlives every answer that allows", () => {
  for (const basis of ["default", "opted_in", "affirmed"] as const) {
    const settled = settle(kept("dda", "choice", 0), reply("aaa", basis, "new"), OPT_OUT, false, NOW).record;
    assert.equal(settled.letters, "dda");
    assert.equal(settled.basis, "choice");
    assert.equal(settled.maxAge, 0);
    assert.equal(settled.token, "new");
  }
});

test("an acknowledged opt-out is not overwritten by a default, and is sent again", () => {
  const settled = settle(kept("dda", "choice"), reply("aaa", "default"), [], false, NOW);
  assert.equal(settled.record.letters, "dda");
  assert.ok(settled.lost);
  assert.deepEqual(unacknowledged(settled.record), { sale_share: "opt_out" });
});

test("an opt-in that the service knows to be confirmed ends an opt-out", () => {
  for (const basis of ["opted_in", "affirmed"] as const) {
    const settled = settle(kept("dda", "choice"), reply("aaa", basis), [], false, NOW);
    assert.equal(settled.record.letters, "aaa");
    assert.ok(!settled.lost);
  }
});

test("doubt over there changes nothing about a denial here", () => {
  const before = kept("dda", "choice");
  assert.deepEqual(settle(before, reply("ddd", "unavailable"), [], false, NOW), { record: before, lost: false });
});

test("doubt over there denies what was allowed here, and is asked about again", () => {
  for (const before of [null, kept("aaa", "opted_in")]) {
    const settled = settle(before, reply("ddd", "unavailable"), [], false, NOW).record;
    assert.equal(settled.letters, "ddd");
    assert.equal(settled.maxAge, 0);
    assert.equal(settled.token, before ? "old" : "");
  }
});

test("a service that says max age 0 does not make its answer look unacknowledged", () => {
  const answer = { flag: { ...flag("dda", "choice"), max_age: 0 }, visitor: null };
  assert.equal(unacknowledged(settle(null, answer, [], false, NOW).record), null);
});

test("a choice made here is in force at once and marked as not acknowledged", () => {
  const after = restricted(kept("aad", "default"), flag("aad", "default"), { sale_share: "opt_out" }, NOW);
  assert.deepEqual(after, { ...kept("ddd", "choice", 0), asOf: NOW / 1000 });
  assert.deepEqual(unacknowledged(after), { sale_share: "opt_out" });
});

test("limiting touches sensitive alone", () => {
  const after = restricted(null, flag("aaa", "default"), { sensitive: "limit" }, NOW);
  assert.equal(after.letters, "aad");
  assert.deepEqual(unacknowledged(after), { sensitive: "limit" });
});

test("that a consumer was identified here outlives every choice and every answer", () => {
  const before = { ...kept("aaa", "opted_in"), identified: true };
  assert.ok(restricted(before, flag("aaa", "opted_in"), { sale_share: "opt_out" }, NOW).identified);
  assert.ok(settle(before, reply("aaa", "default"), [], false, NOW).record.identified);
});
