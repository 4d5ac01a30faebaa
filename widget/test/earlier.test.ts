/** Another consent tool's cookies until they are read: when they deny, when the file is fetched, what is remembered. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { memoryCell } from "../src/core/cell";
import type { Config, PriorId } from "../src/core/protocol";
import { earlier } from "../src/page/earlier";
import type { Load } from "../src/page/loading";
import type { Asking, Noted } from "../src/prior/asking";
import { pattern, RULE } from "./site";

const OUT = { sale_share: "opt_out" } as const;
const DEFAULT = "1.aaa.default.0.1700000000.300.x";
const CHOSEN = ["1.ada.opted_in.0.1700000000.300.x", "1.aaa.affirmed.1.1700000000.300.x", "1.dda.choice.0.1700000000.0.", "?"];

/** A device with these cookies, and what its file does when it is fetched. */
function device(cookie: string, { record = undefined as string | undefined, own = "", address = "/w/1.js", seen = memoryCell() } = {}) {
  const config = { rule: { ...RULE, p: pattern("tool|usprivacy") }, prior: address } as unknown as Config;
  const win = { document: { cookie } } as unknown as Window;
  const kept = { record };
  const here = earlier({ win, config }, () => kept.record, own, seen);
  const brought: { prior?: PriorId | undefined } = {};
  const fetched: string[] = [];
  const read = (act: (asking: Required<Asking> & HTMLScriptElement) => void) => {
    const load: Load = (from, given) => {
      fetched.push(from);
      act(given as Required<Asking> & HTMLScriptElement);
      return {} as HTMLScriptElement;
    };
    return here!.read(load, brought);
  };
  return { here, kept, brought, fetched, read, seen };
}

const notes = (...given: Parameters<Noted>) => (asking: Required<Asking>) => asking.noted(...given);

test("a page without such cookies has nothing to read", () => {
  for (const cookie of ["", "other=1", "mytools=1; pc_acme=1.aaa.default.0.1700000000.300.", "tool"]) {
    assert.equal(device(cookie).here, undefined, cookie);
  }
});

test("what this script wrote itself is nobody's word", () => {
  assert.equal(device("a=1; usprivacy=1YYN", { own: "usprivacy=1YYN; b=1" }).here, undefined);
  assert.equal(device("a=1; usprivacy=1YYN", { own: "usprivacy=1YNN" }).here!.unread(), true);
});

test("the file gets that tool's cookies alone", async () => {
  let given: string | undefined;
  await device("a=1; tool=x=2,y; usprivacy=1YYN; usprivacy=1---; b=2", { own: "usprivacy=1YYN" }).read(({ cookie, noted }) => {
    given = cookie;
    noted(undefined, undefined);
  });
  assert.equal(given, "tool=x=2,y; usprivacy=1---");
});

test("where a page has replaced what takes texts apart the file gets them all, and they deny until it has spoken", (t) => {
  t.mock.method(String.prototype, "split", () => {
    throw new Error("the page's own");
  });
  const { here } = device("tool=ads:no", { record: DEFAULT });
  t.mock.restoreAll();
  assert.equal(here!.unread(), true);
});

test("unread they deny whoever has not chosen here, until they are read", async () => {
  for (const record of [undefined, DEFAULT]) {
    const { here, read, brought } = device("tool=ads:no", { record });
    assert.equal(here!.unread(), true);
    assert.deepEqual(await read(notes(OUT, { cookie: "tool", id: "7" })), OUT);
    assert.deepEqual([here!.unread(), brought.prior], [false, { cookie: "tool", id: "7" }]);
  }
});

test("whoever has chosen here is not denied by them, and brings the id all the same", async () => {
  for (const record of CHOSEN) {
    const { here, read, brought } = device("tool=ads:no", { record });
    assert.equal(here!.unread(), false, record);
    assert.equal(await read(notes(OUT, { cookie: "tool", id: "7" })), undefined);
    assert.deepEqual(brought.prior, { cookie: "tool", id: "7" });
  }
});

test("a choice that is made while the file is on its way outranks them", async () => {
  const { here, kept, read } = device("tool=ads:no", { record: DEFAULT });
  const denied = await read(({ noted }) => {
    kept.record = CHOSEN[0];
    noted(OUT, undefined);
  });
  assert.deepEqual([denied, here!.unread()], [undefined, false]);
});

test("a file that can't be had leaves them denying, and nobody waits for it", async () => {
  const { here, read, brought } = device("tool=ads:yes");
  assert.equal(await read(({ onerror }) => (onerror as () => void)()), undefined);
  assert.deepEqual([here!.unread(), brought], [true, {}]);
});

test("where a page of its own lets no file be asked for they go on denying", async (t: TestContext) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { here, read, brought } = device("tool=ads:yes");
  const waited = read(() => {
    throw new Error("the page's own");
  });
  t.mock.timers.tick(3000);
  assert.equal(await waited, undefined);
  assert.deepEqual([here!.unread(), brought], [true, {}]);
});

test("a file that hangs is waited for three seconds, and comes too late after", async (t: TestContext) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { here, read } = device("tool=ads:yes");
  let late: Noted | undefined;
  const waited = read(({ noted }) => (late = noted));
  t.mock.timers.tick(3000);
  assert.equal(await waited, undefined);
  late!(undefined, undefined);
  assert.equal(here!.unread(), true);
});

test("what was read and denied nothing is remembered: it denies no view after it", async () => {
  const first = device("tool=ads:yes", { record: DEFAULT });
  await first.read(notes(undefined, undefined));
  const { seen } = first;
  assert.equal(device("tool=ads:yes", { record: DEFAULT, seen }).here!.unread(), false);
  // Without a record the stub denies too.
  assert.equal(device("tool=ads:yes", { seen }).here!.unread(), true);
});

test("another text, and another table, is read anew", async () => {
  const first = device("tool=ads:yes", { record: DEFAULT });
  await first.read(notes(undefined, undefined));
  const { seen } = first;
  assert.equal(device("tool=ads:no", { record: DEFAULT, seen }).here!.unread(), true);
  assert.equal(device("tool=ads:yes", { record: DEFAULT, seen, address: "/w/2.js" }).here!.unread(), true);
});

test("what denied is not remembered, nor copied", async () => {
  const { read, seen } = device("tool=ads:no", { record: DEFAULT });
  await read(notes(OUT, undefined));
  assert.equal(seen.read(), undefined);
  const other = device("tool=ads:yes", { record: DEFAULT });
  await other.read(notes(undefined, undefined));
  assert.match(other.seen.read()!, /^-?\d+$/);
});
