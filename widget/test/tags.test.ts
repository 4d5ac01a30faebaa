/** The built tags, wrapped as the service does, in a page with the base code of the tags that they tell. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import type { Flag } from "../src/core/protocol";
import type { Wanted } from "../src/tags/wanted";
import others from "./tags.html";

const TAGS = readFileSync(fileURLToPath(new URL("tags.js", import.meta.url)), "utf8").trim();
const OTHERS = [...others.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script]) => script!).join("\n");
const EVERY: Wanted = { consent: { analytics: 1 }, processing: 1, meta: 1, uet: 1, layer: 1 };
const ALLOWED = { sale: "allowed", share: "allowed", sensitive: "allowed", basis: "default", gpc: false, max_age: 0 } as Flag;
const DENIED = { ...ALLOWED, sale: "denied", share: "denied", basis: "choice", max_age: 300 } as Flag;
/** What the stub says by itself where the law denies by default. */
const BY_DEFAULT = { ...DENIED, basis: "default", max_age: 0 } as Flag;

interface Heard {
  readonly dataLayer: readonly unknown[];
  readonly fbq: readonly unknown[];
  readonly uetq: readonly unknown[];
  readonly googletag: readonly unknown[];
}

interface Page {
  /** Runs this script in the page. */
  run(script: string): unknown;
  heard(): Heard;
  /** The flag is another one, and the script says so. */
  change(flag: Flag): void;
  /** The parser is done. */
  parsed(): void;
  /** The service has answered. */
  answer(flag: Flag): Promise<void>;
}

/** @param before what ran in the page before */
function open(wanted: Wanted, flag: Flag, before = ""): Page {
  let said = flag;
  const listeners: Record<string, (() => void)[]> = {};
  const addEventListener = (event: string, act: () => void) => void (listeners[event] ||= []).push(act);
  const happen = (event: string) => listeners[event]?.forEach((act) => act());
  let answered: (flag: Flag) => void = () => {};
  const ready = new Promise<Flag>((done) => (answered = done));
  const privacyChoices = { flag: () => said, ready, optOut: () => (said = { ...DENIED, max_age: 0 }) };
  const page = createContext({ privacyChoices, addEventListener });
  const run = (script: string) => runInContext(script, page);
  run(`globalThis.window = globalThis;${before}`);
  run(`try{($=>{${TAGS}})(${JSON.stringify(wanted)})}catch{}`);
  return {
    run,
    heard: () => JSON.parse(run("JSON.stringify(heard())") as string) as Heard,
    change(flag) {
      said = flag;
      happen("privacychoices:change");
    },
    parsed: () => happen("DOMContentLoaded"),
    async answer(flag) {
      said = flag;
      answered(flag);
      await ready;
    },
  };
}

/** A page with everybody's base code behind the tags. */
function shop(wanted: Wanted, flag: Flag): Page {
  const page = open(wanted, flag);
  page.run(OTHERS);
  return page;
}

function storages(state: string, more = {}): object {
  return { ad_storage: state, ad_user_data: state, ad_personalization: state, analytics_storage: state, ...more };
}

const consents = (page: Page): unknown[] =>
  (page.heard().dataLayer as unknown[][]).filter((entry) => entry[1] === "consent").map((entry) => entry.slice(2));

test("whatever is denied of sale and sharing, everybody is told before they begin", () => {
  const one = { ...ALLOWED, share: "denied", basis: "choice" } as Flag;
  const other = { ...ALLOWED, sale: "denied", basis: "unavailable" } as Flag;
  for (const flag of [DENIED, one, other]) {
    const page = shop(EVERY, flag);
    page.run("publishersAdsCome()");
    const { sale, share, sensitive, basis, gpc } = flag;
    assert.deepEqual(page.heard(), {
      dataLayer: [
        ["gtag", "consent", "default", storages("denied")],
        ["gtag", "set", "ads_data_redaction", true],
        ["gtag", "set", "restricted_data_processing", true],
        { event: "privacy_choices", privacy_choices: { sale, share, sensitive, basis, gpc } },
        ["gtag", "config", "G-1"],
      ],
      fbq: [["dataProcessingOptions", ["LDU"], 1, 1000], ["init", "1"]],
      uetq: ["consent", "default", { ad_storage: "denied" }],
      googletag: [{ restrictDataProcessing: true }, "ads"],
    });
  }
});

test("where both are allowed everybody is told that, whatever is said of sensitive information", () => {
  const page = shop(EVERY, { ...ALLOWED, sensitive: "denied", basis: "choice" });
  page.run("publishersAdsCome()");
  assert.deepEqual(consents(page), [["default", storages("granted")]]);
  assert.deepEqual(page.heard().fbq, [["dataProcessingOptions", []], ["init", "1"]]);
  assert.deepEqual(page.heard().uetq, ["consent", "default", { ad_storage: "granted" }]);
  assert.deepEqual(page.heard().googletag, [{ restrictDataProcessing: false }, "ads"]);
});

test("nobody hears of what the site does not want told", () => {
  const page = shop({ uet: 1 }, DENIED);
  const { dataLayer, fbq, uetq, googletag } = page.heard();
  assert.deepEqual([dataLayer, fbq, googletag], [[["gtag", "config", "G-1"]], [["init", "1"]], []]);
  assert.equal(uetq.length, 3);
  assert.equal(open({ uet: 1 }, DENIED).run("'fbq' in window"), false);
});

test("analytics stays granted where it runs as a service provider", () => {
  assert.deepEqual(consents(shop({ consent: {} }, DENIED)), [["default", storages("denied", { analytics_storage: "granted" })]]);
});

test("a change is told once, and to the libraries that have come meanwhile", async () => {
  const page = shop(EVERY, ALLOWED);
  page.run("pixelComes(); uetComes(); publishersAdsCome()");
  page.change(DENIED);
  page.change(DENIED);
  await page.answer(DENIED);
  const { dataLayer, fbq, uetq, googletag } = page.heard();
  assert.deepEqual(consents(page), [["default", storages("granted")], ["update", storages("denied")]]);
  assert.deepEqual(fbq.slice(2), [["dataProcessingOptions", ["LDU"], 1, 1000]]);
  assert.deepEqual(uetq.slice(3), ["pageLoad", "consent", "update", { ad_storage: "denied" }]);
  assert.deepEqual(googletag.slice(2), [{ restrictDataProcessing: true }]);
  assert.equal(dataLayer.filter((entry) => (entry as { event?: string }).event).length, 2);
  page.change(ALLOWED);
  assert.deepEqual(consents(page).slice(2), [["update", storages("granted")]]);
  assert.deepEqual(page.heard().fbq.slice(3), [["dataProcessingOptions", []]]);
});

test("the data layer hears of each right, the others of a restriction alone", () => {
  const page = shop(EVERY, DENIED);
  const before = page.heard();
  page.change({ ...DENIED, sensitive: "denied" });
  page.change({ ...DENIED, sensitive: "denied", sale: "allowed" });
  const after = page.heard();
  assert.equal(after.dataLayer.length, before.dataLayer.length + 2);
  assert.deepEqual([consents(page).length, after.fbq, after.uetq], [1, before.fbq, before.uetq]);
});

test("a default that only the stub has said waits for the service, and binds where the site says", async () => {
  const more = { region: ["US-CA"], wait_for_update: 500 };
  const wanted: Wanted = { consent: { analytics: 1, open: more } };
  const page = shop(wanted, BY_DEFAULT);
  const begun = [["default", storages("granted")], ["default", storages("denied", more)]];
  assert.deepEqual(consents(page), begun);
  await page.answer({ ...BY_DEFAULT, max_age: 300 });
  assert.deepEqual(consents(page), [...begun, ["update", storages("denied")]], "from here on it binds everywhere");
});

test("what is denied for another reason, and what is allowed, waits for nothing and binds everywhere", () => {
  const wanted: Wanted = { consent: { analytics: 1, open: { region: ["US-CA"], wait_for_update: 500 } } };
  for (const flag of [DENIED, { ...DENIED, basis: "gpc" }, { ...DENIED, basis: "unavailable", max_age: 0 }, ALLOWED]) {
    const state = flag === ALLOWED ? "granted" : "denied";
    assert.deepEqual(consents(shop(wanted, flag as Flag)), [["default", storages(state)]]);
  }
  assert.deepEqual(consents(shop(wanted, { ...BY_DEFAULT, max_age: 300 })), [["default", storages("denied")]]);
});

test("what a service that can't be reached leaves open binds everywhere", async () => {
  const page = shop({ consent: { analytics: 1, open: { region: ["US-CA"] } } }, BY_DEFAULT);
  await page.answer(BY_DEFAULT);
  assert.deepEqual(consents(page).at(-1), ["update", storages("denied")]);
});

test("the stub's word that the script took back is taken back", async () => {
  const page = shop(EVERY, { ...DENIED, basis: "unavailable", max_age: 0 });
  await page.answer(ALLOWED);
  assert.deepEqual(consents(page).at(-1), ["update", storages("granted")]);
});

test("an opt-out that only the stub has heard is told at once", () => {
  const page = shop(EVERY, ALLOWED);
  page.run("privacyChoices.optOut()");
  assert.deepEqual(consents(page).at(-1), ["update", storages("denied")]);
  assert.deepEqual(page.heard().uetq.slice(3), ["consent", "update", { ad_storage: "denied" }]);
});

test("a pixel that comes after a change hears of the last state alone, before it begins", () => {
  const page = open({ meta: 1 }, ALLOWED);
  page.change(DENIED);
  page.run(OTHERS);
  assert.deepEqual(page.heard().fbq, [["dataProcessingOptions", ["LDU"], 1, 1000], ["init", "1"]]);
});

test("a pixel that nobody has called yet hears of the last state alone", () => {
  const page = open({ meta: 1 }, ALLOWED);
  page.run(OTHERS.replace('fbq("init", "1");', ""));
  page.change(DENIED);
  assert.deepEqual(page.heard().fbq, [["dataProcessingOptions", ["LDU"], 1, 1000]]);
});

test("a pixel that is there already hears at once", () => {
  const page = open({ meta: 1 }, DENIED, `${OTHERS};pixelsQueue = fbq.queue`);
  const heard = page.run("JSON.stringify(pixelsQueue.map((given) => [...given]))") as string;
  assert.deepEqual(JSON.parse(heard), [["init", "1"], ["dataProcessingOptions", ["LDU"], 1, 1000]]);
});

const LIMITED = ["dataProcessingOptions", ["LDU"], 1, 1000];
const NOTE = "queue.push([].slice.call(arguments))";

test("a pixel that is put there with its queue hears before anybody calls it", () => {
  const page = open({ meta: 1 }, DENIED);
  page.run(`(() => {
    const pixel = function () { pixel.${NOTE}; };
    pixel.queue = [];
    window.fbq = pixel;
    pixel("init", "1");
  })()`);
  assert.deepEqual(JSON.parse(page.run("JSON.stringify(fbq.queue)") as string), [LIMITED, ["init", "1"]]);
});

test("a pixel that comes past the accessor hears when the page is there, of each change, and nothing twice", () => {
  for (const way of ["function fbq() {", "let fbq = function () {", "var fbq = window.fbq = function () {"]) {
    const page = open({ meta: 1 }, DENIED);
    page.run(`${way} fbq.${NOTE}; }; fbq.queue = []; fbq("init", "1");`);
    page.parsed();
    page.parsed();
    page.change(ALLOWED);
    page.change(ALLOWED);
    const heard = JSON.parse(page.run("JSON.stringify(fbq.queue)") as string) as unknown[][];
    const told = heard.filter(([command]) => command !== "init");
    assert.deepEqual(told, [LIMITED, ["dataProcessingOptions", []]], way);
  }
});

test("a name that is not ready yet, or no function, is asked again later", () => {
  const page = open({ meta: 1 }, DENIED);
  page.run("window.fbq = 'of another kind'");
  page.parsed();
  page.run(`fbq = function () { fbq.${NOTE}; }; fbq.queue = []`);
  assert.deepEqual(JSON.parse(page.run("JSON.stringify(fbq.queue)") as string), [LIMITED]);
});

test("once it has heard, the pixel's function is a property like any other", () => {
  const page = open({ meta: 1 }, DENIED);
  assert.equal(page.run("typeof fbq"), "undefined");
  page.run(OTHERS);
  assert.equal(page.run("Object.getOwnPropertyDescriptor(window, 'fbq').writable && fbq === _fbq"), true);
  page.run("window.fbq = 5");
  assert.equal(page.run("fbq"), 5);
});

test("what one tag breaks is no harm to the others, nor to the page", () => {
  const broken = "window.dataLayer = 5; window.fbq = () => { throw Error() }; fbq.queue = []; window.googletag = {}";
  const page = open(EVERY, DENIED, broken);
  page.change(ALLOWED);
  const told = JSON.parse(page.run("JSON.stringify(uetq)") as string) as unknown[];
  assert.deepEqual(told, ["consent", "default", { ad_storage: "denied" }, "consent", "update", { ad_storage: "granted" }]);
});
