/** The built stub, wrapped as the service prints it, in a bare page. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import type { Flag } from "../src/core/protocol";

const STUB = readFileSync(fileURLToPath(new URL("stub.js", import.meta.url)), "utf8");
const CONFIG = { s: "acme", k: "pc_acme", d: "ddd", r: { "us-ca": "aaa" } };

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
  readonly doc?: object;
  /** Members of the configuration beside the typical ones. */
  readonly more?: object;
}

function load({ cookie = "", gpc, region = "us-ca", doc = {}, more = {} }: Page = {}): Stub {
  const window: { privacyChoices?: Stub } = {};
  const currentScript = region === null ? null : { dataset: { region } };
  const document = Object.defineProperties({ cookie, currentScript }, Object.getOwnPropertyDescriptors(doc));
  const page = { window, document, navigator: { globalPrivacyControl: gpc } };
  runInNewContext(`(function(__STUB__){${STUB.trim()}})(${JSON.stringify({ ...CONFIG, ...more })});`, page);
  return window.privacyChoices!;
}

const opted = `pc_acme=1.dda.choice.0.${Math.floor(Date.now() / 1000)}.300.tok`;

test("a region's default answers where the tag names one, else the strictest", () => {
  assert.equal(load().flag().sale, "allowed");
  assert.equal(load({ region: "us-zz" }).flag().sale, "denied");
  assert.equal(load({ region: null }).flag().sale, "denied");
});

test("the signal counts only when it is exactly true", () => {
  assert.equal(load({ gpc: true }).flag().basis, "gpc");
  for (const gpc of [false, undefined, null, 1, "1", "true"]) assert.equal(load({ gpc }).flag().basis, "default");
});

test("the US Privacy string is the usual one, or as the site's configuration says", () => {
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
  const [region, ready, ...calls] = stub.q;
  assert.equal(region, "us-ca");
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
