/** The manager against a real HTTP server: what is asked when, and what becomes of the answers. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { queued } from "../src/core/alone";
import { memoryCell, type Cell } from "../src/core/cell";
import { manage } from "../src/core/manager";
import { decode } from "../src/core/pending";
import type { Basis, Flag } from "../src/core/protocol";
import { stringsOf } from "../src/core/strings";
import { fetchingService } from "../src/page/fetching";
import { serve, type Told } from "./server";
import { RULE, STRINGS } from "./site";

const OPT_OUT = { sale_share: "opt_out" } as const;
const OPT_IN = { sale_share: "opt_in" } as const;
const NOW = 1_795_000_000_000;

function body(letters: string, basis: Basis, more: object = {}): object {
  const [sale, share, sensitive] = Array.from(letters, (letter) => (letter === "a" ? "allowed" : "denied"));
  const flag = { site: "acme", sale, share, sensitive, basis, gpc: false, max_age: basis === "unavailable" ? 0 : 300 };
  return { flag, visitor: "tok", ...more };
}

interface Browser {
  readonly cookie: Cell;
  readonly queue: Cell;
  readonly signalId: Cell;
  readonly strings: Cell;
}

const browser = (): Browser => ({
  cookie: memoryCell(),
  queue: memoryCell(),
  signalId: memoryCell(),
  strings: memoryCell(),
});

/** One page view of this browser. `due` holds what waits for a timer; `pass` lets the time come. */
function page(base: string, { cookie, queue, signalId, strings }: Browser, { gpc = null as boolean | null, now = NOW, credentials = "omit" as RequestCredentials, brought = {}, unread = (): boolean => false } = {}) {
  const due: { seconds: number; act: () => void }[] = [];
  const events: Flag[] = [];
  let time = now;
  const manager = manage({
    rule: RULE,
    strings: stringsOf({ rule: RULE, strings: STRINGS }, strings),
    tag: {},
    gpc,
    lang: () => "en",
    storage: true,
    cookie: { all: () => (cookie.read() === undefined ? "" : `pc_acme=${cookie.read()}`), torn: () => false, former: () => false, ...cookie },
    plain: true,
    queue,
    signalId,
    service: fetchingService(base, credentials),
    brought,
    unread,
    clock: {
      now: () => time,
      later: (seconds, act) => void due.push({ seconds, act }),
      chance: () => 0,
      id: randomUUID,
    },
    alone: queued(),
    updated: (flag, changed) => void (changed && events.push(flag)),
    wrote: () => {},
  });
  const pass = () => {
    const next = due.shift();
    if (!next) throw new Error("nothing waits");
    time += next.seconds * 1000;
    next.act();
  };
  return { manager, events, due, pass };
}

async function service(t: TestContext, tell: Parameters<typeof serve>[0]) {
  const running = await serve(tell);
  t.after(() => running.close());
  return running;
}

/** Waits until something that was begun in the background has happened. */
async function until(true_: () => boolean): Promise<void> {
  while (!true_()) await new Promise((done) => setImmediate(done));
}

test("a first view asks once, as text/plain, and later views don't", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 200, body: body("aaa", "default", { visitor: null }) }));
  const visitor = browser();
  await page(base, visitor).manager.start();
  await page(base, visitor).manager.start();
  assert.equal(asked.length, 1);
  assert.equal(asked[0]!.path, "/v1/acme/signals");
  assert.match(asked[0]!.type!, /^text\/plain/);
  assert.equal(asked[0]!.body.gpc, null);
  assert.ok(!("visitor" in asked[0]!.body));
});

test("with the signal it is denied before any answer, and told once over many views", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 200, body: body("dda", "gpc") }));
  const visitor = browser();
  const first = page(base, visitor, { gpc: true });
  assert.equal(first.manager.flag().basis, "gpc");
  await first.manager.start();
  for (let view = 0; view < 5; view++) await page(base, visitor, { gpc: true }).manager.start();
  assert.equal(asked.length, 1);
  assert.equal(visitor.signalId.read(), undefined);
  assert.deepEqual(first.events, []);
});

test("a signal whose answer got lost is told again under the same id, on the next page too", async (t) => {
  const { base, asked } = await service(t, () => null);
  const visitor = browser();
  const first = page(base, visitor, { gpc: true });
  await first.manager.start();
  first.pass();
  await until(() => asked.length === 2 && first.due.length === 1);
  await page(base, visitor, { gpc: true }).manager.start();
  assert.equal(new Set(asked.map(({ body }) => body.id)).size, 1);
  assert.equal(asked.length, 3);
});

test("opting out is in force before the service has heard of it", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 201, body: body("dda", "choice") }));
  const visitor = browser();
  const { manager, events } = page(base, visitor);
  manager.restrict(OPT_OUT, "banner");
  assert.equal(manager.flag().sale, "denied");
  assert.deepEqual(events.map(({ basis }) => basis), ["choice"]);
  await until(() => visitor.queue.read() === undefined);
  const { sale_share, method, made_at, id } = asked[0]!.body;
  assert.deepEqual([sale_share, method, made_at], ["opt_out", "banner", "2026-11-18T11:06:40Z"]);
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.match(visitor.cookie.read()!, /^1\.dda\.choice\.0\.1795000000\.300\.tok$/);
  assert.equal(events.length, 1);
});

test("an opt-out that the service can't take is sent again under its id until it is acknowledged", async (t) => {
  let tell: () => Told | null = () => ({ status: 503 });
  const { base, asked } = await service(t, () => tell());
  const visitor = browser();
  const first = page(base, visitor);
  first.manager.restrict(OPT_OUT, "settings");
  await until(() => first.due.length === 1);
  tell = () => null;
  first.pass();
  await until(() => first.due.length === 1 && asked.length === 2);
  tell = () => ({ status: 201, body: body("dda", "choice") });
  await page(base, visitor).manager.start();
  assert.equal(asked.length, 3);
  assert.equal(new Set(asked.map(({ body }) => body.id)).size, 1);
  assert.equal(visitor.queue.read(), undefined);
});

test("a wish to wait is honoured, on the next page too", async (t) => {
  let tell: Told = { status: 429, headers: { "Retry-After": "60" } };
  const { base, asked } = await service(t, () => tell);
  const visitor = browser();
  const first = page(base, visitor);
  first.manager.restrict(OPT_OUT, "banner");
  await until(() => first.due.length === 1);
  assert.equal(first.due[0]!.seconds, 60);
  const second = page(base, visitor, { now: NOW + 10_000 });
  tell = { status: 201, body: body("dda", "choice") };
  await second.manager.start();
  assert.equal(asked.length, 1);
  assert.equal(second.due[0]!.seconds, 50);
  second.pass();
  await until(() => visitor.queue.read() === undefined);
  assert.equal(asked.length, 2);
});

test("an opt-out refused for good still holds here and is tried again by the next page", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 403 }));
  const visitor = browser();
  const first = page(base, visitor);
  first.manager.restrict(OPT_OUT, "banner");
  await until(() => asked.length === 1);
  assert.equal(await page(base, visitor).manager.start(), undefined);
  assert.equal(asked.length, 2);
  assert.equal(page(base, visitor).manager.flag().sale, "denied");
});

test("where storage is lost the cookie alone tells that an opt-out was not acknowledged", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 201, body: body("dda", "choice") }));
  const visitor = { ...browser(), queue: memoryCell() };
  visitor.cookie.write("1.dda.choice.0.1795000000.0.tok");
  await page(base, visitor).manager.start();
  assert.deepEqual(asked.map(({ body }) => [body.sale_share, body.visitor]), [["opt_out", "tok"]]);
});

test("an answer that was on its way while the visitor opted out changes nothing", async (t) => {
  const { base } = await service(t, ({ path }) =>
    path.endsWith("signals") ? { status: 200, body: body("aaa", "default", { visitor: null }) } : { status: 503 },
  );
  const visitor = browser();
  const { manager } = page(base, visitor);
  const started = manager.start();
  manager.restrict(OPT_OUT, "banner");
  await started;
  assert.equal(manager.flag().sale, "denied");
  assert.equal(decode(visitor.queue.read()).length, 1);
});

test("a default from the service does not undo an opt-out: it is sent again, once", async (t) => {
  const { base, asked } = await service(t, ({ path }) => ({
    status: path.endsWith("signals") ? 200 : 201,
    body: body("aaa", "default"),
  }));
  const visitor = browser();
  visitor.cookie.write("1.dda.choice.0.1794900000.300.tok");
  const { manager } = page(base, visitor);
  await manager.start();
  await until(() => visitor.queue.read() === undefined && asked.length === 2);
  assert.equal(asked[1]!.body.sale_share, "opt_out");
  assert.equal(manager.flag().sale, "denied");
});

test("a cookie that can't be read is presented as it is, and denies until somebody chooses", async (t) => {
  const { base, asked } = await service(t, ({ path }) =>
    path.endsWith("signals")
      ? { status: 200, body: body("ddd", "unavailable", { visitor: null }) }
      : { status: 201, body: body("dda", "choice", { visitor: "fresh" }) },
  );
  const visitor = browser();
  visitor.cookie.write("9.garbage");
  const { manager } = page(base, visitor);
  await manager.start();
  assert.equal(asked[0]!.body.visitor, "9.garbage");
  assert.equal(visitor.cookie.read(), "9.garbage");
  manager.restrict(OPT_OUT, "banner");
  await until(() => visitor.queue.read() === undefined);
  assert.match(visitor.cookie.read()!, /^1\.dda\.choice\..*\.fresh$/);
});

test("keeping what is allowed is one call", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 201, body: body("aaa", "opted_in") }));
  const { manager } = page(base, browser());
  assert.deepEqual(await manager.allow("banner", OPT_IN), { kind: "kept" });
  assert.equal(asked[0]!.body.sale_share, "opt_in");
  assert.equal(manager.flag().basis, "opted_in");
});

test("allowing after an opt-out gives the page to confirm on and leaves the flag denied", async (t) => {
  const { base } = await service(t, () => ({
    status: 202,
    body: body("dda", "choice", { confirm_url: "http://privacy.test/s/acme/confirm/n" }),
  }));
  const visitor = browser();
  visitor.cookie.write("1.dda.choice.0.1795000000.300.tok");
  const { manager } = page(base, visitor);
  assert.deepEqual(await manager.allow("settings", OPT_IN), { kind: "confirm", url: "http://privacy.test/s/acme/confirm/n" });
  assert.equal(manager.flag().sale, "denied");
});

test("an opt-in is never queued", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 503 }));
  const visitor = browser();
  const { manager, due } = page(base, visitor);
  assert.deepEqual(await manager.allow("banner", OPT_IN), { kind: "failed" });
  assert.deepEqual([asked.length, due.length, visitor.queue.read()], [1, 0, undefined]);
});

test("asking again after the confirmation takes the new answer and tells the page", async (t) => {
  const { base } = await service(t, () => ({ status: 200, body: body("aaa", "affirmed") }));
  const visitor = browser();
  visitor.cookie.write("1.dda.gpc.1.1795000000.300.tok");
  const { manager, events } = page(base, visitor, { gpc: true });
  await manager.ask();
  assert.deepEqual(events.map(({ sale, basis }) => [sale, basis]), [["allowed", "affirmed"]]);
});

test("what another tab wrote is noticed on the next look", () => {
  const visitor = browser();
  const { manager, events } = page("http://127.0.0.1:9", visitor);
  visitor.cookie.write("1.dda.choice.0.1795000000.300.tok");
  manager.refresh();
  manager.refresh();
  assert.deepEqual(events.map(({ basis }) => basis), ["choice"]);
});

test("a page that opts out on every view is recorded once", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 201, body: body("dda", "choice") }));
  const visitor = browser();
  for (let view = 0; view < 3; view++) {
    page(base, visitor).manager.restrict(OPT_OUT, "api");
    await until(() => visitor.queue.read() === undefined);
  }
  assert.equal(asked.length, 1);
});

test("something that answers 200 to everything is not taken for the service", async (t) => {
  const { base } = await service(t, () => ({ status: 200, body: { hello: "captive portal" } }));
  const visitor = browser();
  const { manager } = page(base, visitor);
  await manager.start();
  manager.restrict(OPT_OUT, "banner");
  await until(() => visitor.queue.read() !== undefined);
  assert.equal(manager.flag().sale, "denied");
  assert.equal(decode(visitor.queue.read()).length, 1);
});

test("the service's word on what to show holds until the record changes", async (t) => {
  const show = { banner: false, honored: false, conflict: true };
  const { base } = await service(t, ({ path }) => ({
    status: path.endsWith("signals") ? 200 : 201,
    body: path.endsWith("signals") ? body("aaa", "default", { show }) : body("dda", "choice"),
  }));
  const visitor = browser();
  const { manager } = page(base, visitor);
  assert.equal(manager.show().banner, true);
  await manager.start();
  assert.deepEqual(manager.show(), show);
  manager.restrict(OPT_OUT, "banner");
  assert.deepEqual(manager.show(), { banner: false, honored: false, conflict: false });
  await until(() => visitor.queue.read() === undefined);
});

const FIRST_PARTY = { credentials: "include" } as const;

test("a cookie that the service has written with its answer is that answer, not somebody's choice", async (t) => {
  const show = { banner: false, honored: false, conflict: true };
  const visitor = browser();
  const { base } = await service(t, () => {
    visitor.cookie.write(`1.aaa.opted_in.0.${NOW / 1000 - 30}.300.tok`);
    return { status: 200, body: body("aaa", "opted_in", { show }) };
  });
  const { manager } = page(base, visitor, FIRST_PARTY);
  await manager.start();
  assert.deepEqual(manager.show(), show);
});

test("an opt-out drops the answer that is on its way: its cookie would be an older one", { timeout: 3000 }, async (t) => {
  const { base } = await service(t, ({ path }) => {
    if (path.endsWith("choices")) return { status: 201, body: body("dda", "choice") };
    first.manager.restrict(OPT_OUT, "banner");
    return new Promise(() => {}); // never: only what was dropped ends before this test's time is up
  });
  const first = page(base, browser(), FIRST_PARTY);
  await first.manager.start();
  await until(() => first.manager.flag().max_age > 0);
  assert.equal(first.manager.flag().basis, "choice");
});

test("what another tab has written drops it as well; where the script alone writes, nothing is dropped", async (t) => {
  for (const [credentials, banner] of [["include", true], ["omit", false]] as const) {
    const show = { banner: false, honored: false, conflict: false };
    const { base } = await service(t, () => {
      first.manager.overtaken();
      return { status: 200, body: body("aaa", "default", { visitor: null, show }) };
    });
    const first = page(base, browser(), { credentials });
    await first.manager.start();
    assert.equal(first.manager.show().banner, banner, credentials);
  }
});

test("a denial is written again at each view, as it is; an allowed is left to the answer that renews it", async (t) => {
  const { base, asked } = await service(t, () => null);
  for (const [text, writes] of [[`1.dda.choice.0.${NOW / 1000 - 60}.300.tok`, 1], [`1.aaa.default.0.${NOW / 1000 - 60}.300.`, 0]] as const) {
    const visitor = browser();
    visitor.cookie.write(text);
    const written: (string | undefined)[] = [];
    const cookie = { read: visitor.cookie.read, write: (given: string | undefined) => void written.push(given) };
    await page(base, { ...visitor, cookie }).manager.start();
    assert.deepEqual(written, Array.from({ length: writes }, () => text));
  }
  assert.equal(asked.length, 0);
});

test("what still waits for its turn when the page goes is sent at once, and its answer counts once", async (t) => {
  const answers: (() => void)[] = [];
  const { base, asked } = await service(t, async ({ path }) => {
    if (path.endsWith("signals")) await new Promise<void>((done) => answers.push(done));
    return { status: path.endsWith("signals") ? 200 : 201, body: body("dda", "choice") };
  });
  const visitor = browser();
  const { manager } = page(base, visitor);
  const started = manager.start();
  await until(() => answers.length === 1);
  void manager.restrict(OPT_OUT, "banner");
  manager.leave();
  manager.leave();
  await until(() => visitor.queue.read() === undefined);
  answers[0]!();
  await started;
  assert.deepEqual(asked.map(({ path }) => path.split("/").pop()), ["signals", "choices"]);
});

test("limiting holds at once and is sent; lifting asks", async (t) => {
  const { base, asked } = await service(t, ({ body: sent }) =>
    sent.sensitive === "limit"
      ? { status: 201, body: body("aad", "choice") }
      : { status: 202, body: body("aad", "choice", { confirm_url: "http://privacy.test/s/acme/confirm/n" }) },
  );
  const { manager } = page(base, browser());
  const sent = manager.restrict({ sensitive: "limit" }, "settings");
  assert.deepEqual([manager.flag().sale, manager.flag().sensitive], ["allowed", "denied"]);
  await sent;
  assert.equal((await manager.allow("settings", { sensitive: "lift" })).kind, "confirm");
  assert.deepEqual(asked.map(({ body: { sensitive } }) => sensitive), ["limit", "lift"]);
});

const PRIOR = { prior: { cookie: "tool", id: "7" } };

test("whoever another tool knew is denied until the service has looked, and as before when it found nothing", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 200, body: body("aaa", "default", { visitor: null }) }));
  const visitor = browser();
  const { manager } = page(base, visitor, { brought: PRIOR });
  assert.deepEqual([manager.flag().sale, manager.flag().basis], ["denied", "unavailable"]);
  await manager.start();
  assert.deepEqual(asked[0]!.body.prior, PRIOR.prior);
  assert.deepEqual([manager.flag().sale, manager.flag().basis], ["allowed", "default"]);
  assert.equal(page(base, visitor, { brought: PRIOR }).manager.flag().sale, "allowed");
});

test("an imported opt-out whose answer got lost is asked for under the same id by the next page, still denied", async (t) => {
  let lost = true;
  const { base, asked } = await service(t, () => (lost ? null : { status: 200, body: body("dda", "choice") }));
  const visitor = browser();
  await page(base, visitor, { brought: PRIOR }).manager.start();
  const next = page(base, visitor, { brought: PRIOR });
  assert.equal(next.manager.flag().sale, "denied");
  lost = false;
  await next.manager.start();
  assert.equal(new Set(asked.map(({ body }) => body.id)).size, 1);
  assert.equal(next.manager.flag().basis, "choice");
});

test("what another tool noted denies as long as nobody has read it, and the service is not asked for a default", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 200, body: body("aaa", "default", { visitor: null }) }));
  let unread = true;
  const { manager } = page(base, browser(), { unread: () => unread });
  await manager.start();
  await manager.resume();
  assert.deepEqual([manager.flag().sale, manager.flag().basis, manager.known()], ["denied", "unavailable", true]);
  assert.equal(asked.length, 0);
  unread = false;
  assert.deepEqual([manager.flag().sale, manager.known()], ["allowed", false]);
  await manager.start();
  assert.deepEqual([manager.flag().sale, asked.length], ["allowed", 1]);
});

test("who chooses while another tool's word is unread is sent and answered as ever", async (t) => {
  const { base, asked } = await service(t, () => ({ status: 200, body: body("dda", "choice") }));
  const { manager } = page(base, browser(), { unread: () => true });
  await manager.restrict(OPT_OUT, "banner");
  assert.deepEqual([asked.length, manager.pending().length], [1, 0]);
});

test("where the mirror denies what the cookie allows the service is asked at once, and nothing is written before", async (t) => {
  const written: string[] = [];
  const { base, asked } = await service(t, () => {
    assert.deepEqual(written, []);
    return { status: 200, body: body("aaa", "opted_in") };
  });
  const visitor = browser();
  visitor.cookie.write(`1.dda.choice.0.${NOW / 1000}.300.tok`);
  let torn = true;
  const cookie = {
    read: visitor.cookie.read,
    torn: () => torn,
    write(text: string | undefined) {
      torn = false;
      written.push(text!);
      visitor.cookie.write(text);
    },
  };
  const { manager } = page(base, { ...visitor, cookie });
  await manager.start();
  assert.equal(asked.length, 1);
  assert.equal(manager.flag().basis, "opted_in");
});

test("what the service wrote by a clock far from ours is its answer all the same", async (t) => {
  const visitor = browser();
  const { base } = await service(t, () => {
    visitor.cookie.write(`1.aaa.opted_in.0.${NOW / 1000 + 900}.300.tok`);
    return { status: 200, body: body("aaa", "opted_in") };
  });
  const { manager } = page(base, visitor, FIRST_PARTY);
  await manager.start();
  assert.equal(visitor.cookie.read(), `1.aaa.opted_in.0.${NOW / 1000}.300.tok`);
});
