/** The built stub, wrapped as the service prints it, in a bare page. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flag } from "../src/core/protocol";
import { embed } from "./embedded";
import { pattern } from "./site";

const CONFIG = { d: "ddd", r: { "us-ca": "aaa", "us-co": "aad" } };

interface Stub {
  q: unknown[];
  ready: Promise<unknown>;
  flag(): Flag;
  on(name: string, act: () => void): void;
  open(): void;
  optOut(): void;
}

interface Page {
  readonly cookie?: string;
  readonly gpc?: unknown;
  readonly region?: string | null;
  readonly consumer?: string;
  readonly doc?: object;
  readonly location?: { protocol: string };
  readonly localStorage?: object;
  /** Members of the configuration beside the typical ones. */
  readonly more?: object;
}

function load({ cookie = "", gpc, region = "us-ca", consumer, doc = {}, more = {}, location, ...storage }: Page = {}): Stub {
  const currentScript = region === null ? null : { dataset: { region, consumer } };
  const document = Object.defineProperties({ cookie, currentScript }, Object.getOwnPropertyDescriptors(doc));
  const globals = { document, navigator: { globalPrivacyControl: gpc }, location, ...storage };
  const given = globals as { document: object; privacyChoices?: Stub };
  return embed({ ...CONFIG, ...more }, given).privacyChoices!;
}

const opted = `pc_acme=1.dda.choice.0.${Math.floor(Date.now() / 1000)}.300.tok`;

test("a region's default answers where the tag names one, else the strictest", () => {
  assert.equal(load().flag().sale, "allowed");
  assert.equal(load({ region: "us-zz" }).flag().sale, "denied");
  assert.equal(load({ region: null }).flag().sale, "denied");
});

test("what is no region the site has said anything of is the strictest", () => {
  for (const region of ["us-c", "us-", "ca", "", " ", ":", "us-ca:aaa", "(", "us-ca ", "undefined"]) {
    assert.equal(load({ region }).flag().sensitive, "denied", region);
  }
  assert.deepEqual([load({ region: "us-co" }).flag().sale, load({ region: "us-co" }).flag().sensitive], ["allowed", "denied"]);
});

test("a page that names a consumer is denied until one was identified on this device", () => {
  const identified = opted.replace("dda.choice.0", "aaa.opted_in.2");
  const wanted: [string, string | undefined, string][] = [
    ["", "signed", "unavailable"],
    [identified.replace(".2.", ".0."), "signed", "unavailable"],
    [identified.replace(".2.", ".1."), "signed", "unavailable"],
    [identified, "signed", "opted_in"],
    [identified.replace(".2.", ".3."), "signed", "opted_in"],
    ["", "", "default"],
  ];
  for (const [cookie, consumer, basis] of wanted) {
    const flag = load({ cookie, consumer: consumer! }).flag();
    assert.equal(flag.basis, basis, cookie);
    assert.equal(flag.sale, basis === "unavailable" ? "denied" : "allowed");
  }
});

test("another consent tool's cookie leaves it in doubt as long as there is none of ours", () => {
  const more = { p: pattern("OptanonConsent|usprivacy") };
  assert.equal(load({ cookie: "usprivacy=1YYN", more }).flag().basis, "unavailable");
  assert.equal(load({ cookie: "a=1; OptanonConsent=x", more }).flag().sale, "denied");
  assert.equal(load({ cookie: "a=1", more }).flag().basis, "default");
  assert.equal(load({ cookie: `usprivacy=1YNN; ${opted.replace("dda.choice", "aaa.default")}`, more }).flag().sale, "allowed");
  assert.equal(load({ cookie: "usprivacy=1YYN" }).flag().basis, "default");
});

test("the signal counts only when it is exactly true", () => {
  assert.equal(load({ gpc: true }).flag().basis, "gpc");
  for (const gpc of [false, undefined, null, 1, "1", "true"]) assert.equal(load({ gpc }).flag().basis, "default");
});

test("the US Privacy string is the one of the site's configuration", () => {
  const more = { u: ["1---", "1---", "1YYN"] };
  assert.equal(load().flag().us_privacy, "1YNN");
  assert.equal(load({ gpc: true }).flag().us_privacy, "1YYN");
  assert.equal(load({ more }).flag().us_privacy, "1---");
  assert.equal(load({ cookie: "pc_acme=?", more }).flag().us_privacy, "1YYN");
});

test("the cookie is found among others", () => {
  for (const cookie of [opted, `a=1; ${opted}`, `${opted}; b=2`, `xpc_acme=1; ${opted}; pc_acme2=x`]) {
    assert.equal(load({ cookie }).flag().basis, "choice", cookie);
  }
  assert.equal(load({ cookie: "pc_acme2=x; xpc_acme=1" }).flag().basis, "default");
});

test("what stands in another cookie's value, or behind another name, is not ours", () => {
  const allowed = opted.replace("dda.choice", "aaa.affirmed");
  for (const other of [`seen=${allowed}`, `x-${allowed}`, `seen=?a&${allowed}`, `"${allowed}`]) {
    assert.equal(load({ cookie: `${opted}; ${other}` }).flag().basis, "choice", other);
    assert.equal(load({ cookie: other, gpc: true }).flag().basis, "gpc", other);
  }
});

test("of several cookies of one name the stricter answers, in any order", () => {
  const allowed = opted.replace("dda.choice", "aaa.default");
  for (const cookie of [`${allowed}; ${opted}`, `${opted}; ${allowed}`, `${allowed}; ${opted}; ${allowed}`]) {
    assert.equal(load({ cookie }).flag().sale, "denied", cookie);
  }
});

const ALONE = { h: 1, d: "ddd" };
const https = { protocol: "https:" };
const allowed = opted.replace("dda.choice", "aaa.affirmed");

test("where one host has the cookie alone, one under the plain name can only deny", () => {
  const flag = (cookie: string, more: object = {}) => load({ cookie, more: { ...ALONE, ...more }, location: https, region: null }).flag();
  assert.deepEqual([flag(allowed).sale, flag(allowed).basis, flag(allowed).max_age], ["denied", "default", 0]);
  assert.equal(flag(`__Host-${allowed}`).sale, "allowed");
  assert.equal(flag(`__Host-${allowed}; ${allowed}`).sale, "allowed");
  assert.deepEqual([flag(opted, { d: "aaa" }).sale, flag(opted, { d: "aaa" }).basis], ["denied", "choice"]);
  assert.equal(flag(`__Host-${allowed}; ${opted}`).sale, "denied");
  assert.equal(flag(`__Host-${allowed}; pc_acme=?`).basis, "unavailable");
  assert.equal(flag(`__host-${allowed}; x__Host-${allowed}`).basis, "default");
});

test("a limit under the plain name limits and says nothing of the rest", () => {
  const cookie = opted.replace("dda.choice", "aad.choice");
  const flag = load({ cookie, more: { h: 1, d: "aaa" }, location: https, region: null }).flag();
  assert.deepEqual([flag.sale, flag.share, flag.sensitive], ["allowed", "allowed", "denied"]);
  const strict = load({ cookie, more: ALONE, location: https, region: null }).flag();
  assert.deepEqual([strict.sale, strict.share, strict.sensitive], ["denied", "denied", "denied"]);
});

test("on plain http, and where hosts share the cookie, it has the plain name", () => {
  for (const page of [{ more: ALONE, location: { protocol: "http:" } }, { more: { d: "ddd" }, location: https }]) {
    assert.equal(load({ cookie: allowed, region: null, ...page }).flag().sale, "allowed");
  }
});

test("an allowed from a clock ahead, or good for longer than this site's answers are, is no answer", () => {
  const now = Math.floor(Date.now() / 1000);
  const text = (asOf: number, maxAge: number) => `pc_acme=1.aaa.opted_in.0.${asOf}.${maxAge}.`;
  const flag = (cookie: string) => load({ cookie, more: { d: "ddd" }, region: null }).flag();
  for (const counts of [text(now, 300), text(now + 50, 300), text(now - 86_000, 300), text(now, 0)]) {
    assert.equal(flag(counts).sale, "allowed", counts);
  }
  for (const none of [text(now + 120, 300), text(now + 86_000, 300), text(9_999_999_999, 300), text(now, 301), text(now, 1e12)]) {
    assert.deepEqual([flag(none).sale, flag(none).basis], ["denied", "default"], none);
    assert.equal(flag(none.replace("aaa.opted_in", "dda.choice")).basis, "default", "the default denies more");
    assert.equal(load({ cookie: none.replace("aaa.opted_in", "dda.choice") }).flag().basis, "choice", none);
  }
});

test("only where every text was affirmed the signal is overridden", () => {
  const page = { gpc: true, more: ALONE, location: https };
  assert.equal(load({ ...page, cookie: `__Host-${allowed}` }).flag().sale, "allowed");
  assert.equal(load({ ...page, cookie: allowed }).flag().basis, "gpc");
  const other = allowed.replace("affirmed", "opted_in");
  for (const cookie of [`__Host-${allowed}; __Host-${other}`, `__Host-${other}; __Host-${allowed}`]) {
    assert.equal(load({ ...page, cookie }).flag().basis, "gpc", cookie);
  }
});

test("a denial that is mirrored outlives the cookie, and nothing else is taken from there", () => {
  const flag = (mirrored: unknown, cookie = "", more: object = ALONE) =>
    load({ cookie, more, location: https, region: null, localStorage: { pc_acme_d: mirrored } }).flag();
  const aside = { h: 1, d: "aaa" };
  assert.deepEqual([flag(`-${opted}`, "", aside).sale, flag(`-${opted}`, "", aside).basis], ["denied", "choice"]);
  assert.equal(flag(`-${opted}`, `__Host-${allowed}`).sale, "denied");
  assert.equal(flag(`-${allowed}`).sale, "denied");
  assert.equal(flag(`-${opted.replace("dda", "aad")}`, "", aside).sale, "allowed");
  assert.equal(flag(`-${opted.replace("dda", "aad")}`, "", aside).sensitive, "denied");
  assert.equal(flag("-pc_acme=1.rubbish", "", aside).basis, "unavailable");
  for (const rubbish of [undefined, null, "", "null", "{}", "-", "; ".repeat(99_999), 7, {}, opted.slice(3)]) {
    assert.equal(flag(rubbish, "", aside).sale, "allowed", String(rubbish).slice(0, 20));
  }
});

test("storage that is missing or refused keeps nobody from an answer", () => {
  assert.equal(load({ cookie: opted }).flag().basis, "choice");
  const refuse = (): never => {
    throw new Error("SecurityError");
  };
  assert.equal(load({ cookie: opted, localStorage: new Proxy({}, { get: refuse }) }).flag().basis, "choice");
});

test("a forged record hides neither another consent tool's cookie nor who the consumer is", () => {
  const more = { ...ALONE, d: "aaa", p: pattern("OptanonConsent") };
  const identified = allowed.replace("affirmed.0", "opted_in.2");
  assert.equal(load({ cookie: `${allowed}; OptanonConsent=1`, more, location: https }).flag().basis, "unavailable");
  assert.equal(load({ cookie: `OptanonConsent=1; __Host-${identified}`, more, location: https }).flag().sale, "allowed");
  assert.equal(load({ cookie: identified, more, location: https, consumer: "signed" }).flag().basis, "unavailable");
});

test("a record that is only old leaves no doubt, whatever other tools' cookies there are", () => {
  const more = { ...ALONE, d: "aaa", p: pattern("usprivacy") };
  const old = allowed.replace(/\.1\d{9}\./, ".1700000000.");
  for (const cookie of [`usprivacy=1YNN; __Host-${old}`, `__Host-${old}; usprivacy=1YNN`]) {
    assert.equal(load({ cookie, more, location: https, region: null }).flag().basis, "default", cookie);
  }
});

test("a page full of our own cookies is answered at once", () => {
  for (const text of ["pc_acme=; ", "pc_acme=1.aaa.", `${opted}; `]) {
    const began = performance.now();
    load({ cookie: text.repeat(360_000 / text.length) }).flag();
    assert.ok(performance.now() - began < 2000, text);
  }
});

test("a page that may not read cookies is denied", () => {
  const doc = {
    get cookie(): string {
      throw new Error("SecurityError");
    },
  };
  assert.equal(load({ doc }).flag().basis, "unavailable");
});

test("what is called before the script arrives is queued in order", () => {
  const stub = load();
  stub.on("change", () => {});
  stub.open();
  const [tag, ready, ...calls] = stub.q;
  assert.equal((tag as { region: string }).region, "us-ca");
  assert.equal(typeof ready, "function");
  const names = (calls as [string, unknown[]][]).map(([name, given]) => `${name}(${given.length})`);
  assert.deepEqual(names, ["on(2)", "open(0)"]);
});

test("opting out before the script arrives denies from there on", () => {
  const stub = load();
  stub.optOut();
  assert.equal(stub.flag().sale, "denied");
  stub.open();
  assert.equal(stub.flag().sale, "denied");
});

test("on a page that has replaced the methods of all arrays and texts nothing speaks allowed that is denied", () => {
  const kinds = { "a throw": () => assert.fail(), "an object": () => ({ lat: 34 }), nothing: () => {}, "a text": () => "x", "no text": () => "", "a list": () => [] };
  for (const [kind, replacement] of Object.entries(kinds)) {
    for (const of of ["Array", "String"] as const) {
      for (const name of Object.getOwnPropertyNames(globalThis[of].prototype)) {
        const stub = load({ cookie: `${opted}; ${opted.replace("dda", "aaa")}` });
        const own = stub.on.constructor(`return ${of}.prototype`)(); // the page's, not the test's
        if (typeof own[name] != "function") continue;
        own[name] = replacement;
        let said: Partial<Flag> = {};
        try {
          said = stub.flag();
        } catch (_) {} // no word is none that allows
        const { sale = "denied", share = "denied", us_privacy = "1YYN" } = said;
        assert.deepEqual([sale, share, us_privacy], ["denied", "denied", "1YYN"], `${of} ${name}: ${kind}`);
      }
    }
  }
});

test("whoever waits for the script is told by it", async () => {
  const stub = load();
  (stub.q[1] as (flag: string) => void)("the flag");
  assert.equal(await stub.ready, "the flag");
});

test("a page full of other cookies is answered at once", () => {
  const stub = load({ cookie: `other=${"a".repeat(60_000)}` });
  const began = performance.now();
  stub.flag();
  assert.ok(performance.now() - began < 500);
});
