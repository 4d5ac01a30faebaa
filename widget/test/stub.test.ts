/** The built stub, wrapped as the service prints it, in a bare page. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flag } from "../src/core/protocol";
import { embed } from "./embedded";
import { pattern } from "./site";

const CONFIG = { d: "ddd us-ca:aaa us-co:aad" };

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
  /** Members of the configuration beside the typical ones. */
  readonly more?: object;
}

function load({ cookie = "", gpc, region = "us-ca", consumer, doc = {}, more = {} }: Page = {}): Stub {
  const currentScript = region === null ? null : { dataset: { region, consumer } };
  const document = Object.defineProperties({ cookie, currentScript }, Object.getOwnPropertyDescriptors(doc));
  const given = { document, navigator: { globalPrivacyControl: gpc } } as { document: object; privacyChoices?: Stub };
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

test("of two cookies of one name the newer one, which stands last, counts", () => {
  const allowed = opted.replace("dda.choice", "aaa.default");
  assert.equal(load({ cookie: `${allowed}; ${opted}` }).flag().sale, "denied");
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
