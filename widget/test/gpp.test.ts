/** `__gpp` and `__uspapi`: the stub's alone in a bare page, then with what the script says over it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { announcing } from "../src/core/announcing";
import type { Heard, Ping, Voice } from "../src/core/gpp";
import type { Flag } from "../src/core/protocol";
import { answerFrames } from "../src/page/frames";
import { embed } from "./embedded";
import { RULE, SECTIONS } from "./site";

const [, DENIED, SIGNALLED] = RULE.g;
const ALLOWED = "DBABBg~BUoAAACA.QA";
const OPTED_OUT = `pc_acme=1.dda.choice.0.${Math.floor(Date.now() / 1000)}.300.tok`;

interface Stub {
  readonly q: [string, unknown[]][];
  readonly g: Voice;
  flag(): Flag;
}

function load({ cookie = "", gpc = false } = {}) {
  const given = { document: { cookie, currentScript: null }, navigator: { globalPrivacyControl: gpc } };
  return embed({}, given as typeof given & { privacyChoices: Stub });
}

type Page = ReturnType<typeof load>;

/** What one call is told, at once; undefined when it was not. */
function asked(page: Page, command: string, parameter?: unknown): unknown[] | undefined {
  let said: unknown[] | undefined;
  page.__gpp(command, (...given) => (said = given), parameter);
  return said && plain(said);
}

/** The page's objects are those of another realm. */
const plain = <Made>(made: Made): Made => JSON.parse(JSON.stringify(made));

const ping = (page: Page): Ping => asked(page, "ping")![0] as Ping;

/** Listens; the events stand as `name data`. */
function listening(page: Page): { events: string[]; id: number } {
  const found = { events: [] as string[], id: 0 };
  page.__gpp("addEventListener", (given) => {
    const { eventName, listenerId, data, pingData } = given as Record<string, unknown>;
    assert.equal((pingData as Ping).gppVersion, "1.1");
    found.events.push(`${eventName} ${data}`);
    found.id = listenerId as number;
  });
  return found;
}

const flagOf = (gpp: string, us_privacy = "1YYN"): Flag => ({ gpp, gpp_sid: [8], us_privacy }) as unknown as Flag;

test("both frames by which others find the page are there before anything of the page", () => {
  assert.deepEqual(load().frames, ["__gppLocator", "__uspapiLocator"]);
});

test("a denial is said by the stub, and with the signal where there is one", () => {
  for (const [page, text] of [
    [load({ cookie: OPTED_OUT }), DENIED],
    [load({ gpc: true }), SIGNALLED],
    [load({ cookie: "pc_acme=?" }), DENIED],
  ] as const) {
    const { signalStatus, gppString, applicableSections, cmpStatus, cmpId, parsedSections } = ping(page);
    assert.deepEqual([signalStatus, gppString, applicableSections, cmpStatus, cmpId], ["ready", text, [8], "stub", 1]);
    assert.deepEqual(parsedSections, {});
  }
});

test("what is allowed is not ready until the script is there, and opted out where it never comes", () => {
  const page = load();
  const { events } = listening(page);
  assert.deepEqual([ping(page).signalStatus, ping(page).gppString], ["not ready", ""]);
  page.pass();
  assert.deepEqual([ping(page).signalStatus, ping(page).gppString], ["ready", DENIED]);
  assert.deepEqual(events, ["listenerRegistered true", "signalStatus ready"]);
  assert.equal(page.privacyChoices.flag().sale, "allowed");
});

test("the US Privacy string is answered at once, and nothing else is", () => {
  const said: unknown[] = [];
  const note: Heard = (...given) => void said.push(plain(given));
  const page = load({ gpc: true });
  page.__uspapi("getUSPData", 1, note);
  page.__uspapi("getUSPData", 2, note);
  page.__uspapi("ping", 1, note);
  assert.deepEqual(said, [[{ version: 1, uspString: "1YYN" }, true], [null, false], [null, false]]);
});

test("what only the script knows waits for it in order, and messages at most ten thousand", () => {
  const page = load();
  page.__gpp("getSection", () => {}, "usca");
  page.__gpp("whatever", () => {});
  for (let count = 0; count < 12_000; count++) page.message({ data: {} });
  const [, , ...calls] = page.privacyChoices.q;
  assert.deepEqual(calls.slice(0, 3).map(([name, given]) => [name, given[0]]), [
    [/* @__KEY__ */ "answer", "getSection"],
    [/* @__KEY__ */ "answer", "whatever"],
    [/* @__KEY__ */ "hear", { data: {} }],
  ]);
  assert.equal(page.privacyChoices.q.length, 10_000);
});

test("a listener that throws harms neither the page nor the others, and each has an id of its own", () => {
  const page = load();
  page.__gpp("addEventListener", () => {
    throw new Error("a partner of poor quality");
  });
  const { events, id } = listening(page);
  page.pass();
  assert.equal(id, 2);
  assert.equal(events.length, 2);
});

test("the script tells listeners of the stub in the order of the standard", () => {
  const page = load();
  const heard = listening(page);
  const said = announcing(page.privacyChoices.g, SECTIONS, flagOf(ALLOWED));
  said.begin(flagOf(ALLOWED), false);
  said.update(flagOf(ALLOWED), true, () => said.seen(true));
  said.update(flagOf(DENIED), true, () => said.seen(false));
  said.update(flagOf(DENIED), true, () => {});
  assert.deepEqual(heard.events, [
    "listenerRegistered true",
    "cmpStatus loaded",
    "cmpDisplayStatus visible",
    "signalStatus ready",
    "signalStatus not ready",
    "cmpDisplayStatus hidden",
    "sectionChange usca",
    "signalStatus ready",
  ]);
  page.pass();
  assert.equal(ping(page).gppString, DENIED);
});

test("what the stub had said is told again with its fields, or taken back", () => {
  const same = load({ cookie: OPTED_OUT });
  const one = listening(same);
  announcing(same.privacyChoices.g, SECTIONS, flagOf(DENIED)).begin(flagOf(DENIED), true);
  assert.deepEqual(one.events.slice(1), ["cmpStatus loaded", "signalStatus ready"]);
  assert.deepEqual(Object.keys(ping(same).parsedSections), ["usca"]);

  const late = load();
  late.pass();
  const other = listening(late);
  announcing(late.privacyChoices.g, SECTIONS, flagOf(ALLOWED)).begin(flagOf(ALLOWED), true);
  assert.deepEqual(other.events.slice(1), [
    "cmpStatus loaded",
    "signalStatus not ready",
    "sectionChange usca",
    "signalStatus ready",
  ]);
});

test("a parameter that names something of every object is as good as unknown", () => {
  const page = load();
  announcing(page.privacyChoices.g, SECTIONS, flagOf(ALLOWED)).begin(flagOf(ALLOWED), true);
  assert.deepEqual(asked(page, "hasSection", "constructor"), [false, true]);
  assert.deepEqual(asked(page, "getSection", "__proto__"), [null, true]);
  assert.deepEqual(asked(page, "getField", "usca.toString"), [null, true]);
  assert.deepEqual(asked(page, "getField"), [null, true]);
  assert.deepEqual(asked(page, "constructor"), [null, false]);
  assert.deepEqual(asked(page, "getField", "usca.MspaCoveredTransaction"), [2, true]);
});

test("a removed listener hears nothing, and is known once", () => {
  const page = load();
  const { events, id } = listening(page);
  const said = announcing(page.privacyChoices.g, SECTIONS, flagOf(ALLOWED));
  assert.deepEqual(asked(page, "removeEventListener", id), [true, true]);
  assert.deepEqual(asked(page, "removeEventListener", id), [false, true]);
  said.begin(flagOf(ALLOWED), true);
  assert.deepEqual(events, ["listenerRegistered true"]);
});

test("what one of them changes in an answer is no answer to another", () => {
  const page = load({ cookie: OPTED_OUT });
  const change: Heard = (given) => {
    const said = given as any;
    said.gppString = ALLOWED;
    said.applicableSections.length = 0;
    if (said.parsedSections.usca) said.parsedSections.usca[0].SaleOptOut = 2;
  };
  page.__gpp("ping", change);
  assert.deepEqual([ping(page).gppString, ping(page).applicableSections], [DENIED, [8]]);
  announcing(page.privacyChoices.g, SECTIONS, flagOf(DENIED)).begin(flagOf(DENIED), true);
  page.__gpp("addEventListener", (given) => change((given as { pingData: Ping }).pingData, true));
  page.__gpp("ping", change);
  page.__gpp("getSection", (given) => ((given as any)[0].SaleOptOut = 2), "usca");
  assert.deepEqual([ping(page).gppString, ping(page).applicableSections], [DENIED, [8]]);
  assert.deepEqual(asked(page, "getField", "usca.SaleOptOut"), [1, true]);
});

test("without a callback nothing is thrown, and what can't be read is called back as such", () => {
  const page = load();
  const bare = page as unknown as Record<"__gpp" | "__uspapi", (...given: unknown[]) => void>;
  const ask = () => {
    for (const command of ["ping", "addEventListener", "getField", undefined]) bare.__gpp(command);
    bare.__uspapi("getUSPData", 1);
    bare.__uspapi();
  };
  ask();
  announcing(page.privacyChoices.g, SECTIONS, flagOf(ALLOWED)).begin(flagOf(ALLOWED), true);
  ask();
  const unreadable = {
    toString(): string {
      throw new Error("theirs");
    },
  };
  assert.deepEqual(asked(page, "getField", unreadable), [null, false]);
  for (const name of ["length", "map", "__proto__", 0, -1, 999]) {
    assert.deepEqual(asked(page, "removeEventListener", name), [false, true], `${name}`);
  }
});

const thrower = (): never => {
  throw new Error("theirs");
};
const TRAP = new Proxy(() => {}, { get: thrower, apply: thrower });
/** Whatever pages of poor quality pass. */
const ODD: readonly unknown[] = [
  ...[undefined, null, true, 0, -1, NaN, 1e9, 1n, "", "x", "usca", "usca.Gpc", "__proto__.x", Symbol("x"), [], {}],
  ...[Object.create(null), { toString: thrower, valueOf: thrower }, { call: 1 }, thrower, TRAP, /x/, new Date(NaN)],
];
const COMMANDS = ["ping", "addEventListener", "removeEventListener", "hasSection", "getSection", "getField", "getUSPData"];

test("whatever is passed for command, callback, parameter or version, nothing is thrown into the page", () => {
  const page = load();
  const bare = page as unknown as Record<"__gpp" | "__uspapi", (...given: unknown[]) => unknown>;
  const { events } = listening(page);
  const everything = () => {
    for (const command of [...COMMANDS, ...ODD]) {
      for (const one of ODD) {
        for (const other of [1, "usca.Gpc", one]) {
          bare.__gpp(command, one, other);
          bare.__uspapi(command, other, one);
        }
      }
    }
  };
  everything();
  page.pass();
  everything();
  announcing(page.privacyChoices.g, SECTIONS, flagOf(ALLOWED)).begin(flagOf(ALLOWED), true);
  everything();
  assert.ok(events.includes("signalStatus ready"));
  assert.deepEqual(asked(page, "getField", "usca.Gpc"), [false, true]);
});

/** A window that asks by message, and what it was answered. */
function asking(page: Page): { ask(command: string, parameter?: unknown): any; told: any[] } {
  const hear = answerFrames(page as unknown as Window, page.privacyChoices.g);
  const told: any[] = [];
  const source = { postMessage: (said: object) => void told.push(plain(said)) };
  const ask = (command: string, parameter?: unknown) => {
    hear({ data: { __gppCall: { command, parameter, callId: 1 } }, source } as unknown as MessageEvent);
    return told[told.length - 1].__gppReturn;
  };
  return { ask, told };
}

test("a frame removes its own listeners alone, and the page is not deafened by it", () => {
  const page = load();
  const said = announcing(page.privacyChoices.g, SECTIONS, flagOf(ALLOWED));
  const { events, id } = listening(page);
  const [one, other] = [asking(page), asking(page)];
  const theirs = other.ask("addEventListener").returnValue.listenerId;
  for (const guessed of [id, theirs]) assert.equal(one.ask("removeEventListener", guessed).returnValue, false);
  said.begin(flagOf(ALLOWED), true);
  assert.ok(events.includes("signalStatus ready"));
  assert.equal(other.told.length, events.length);
  assert.equal(other.ask("removeEventListener", theirs).returnValue, true);
});

test("a frame has as many listeners as anybody needs, and takes none from others", () => {
  const page = load();
  announcing(page.privacyChoices.g, SECTIONS, flagOf(ALLOWED));
  const [greedy, other] = [asking(page), asking(page)];
  const answers = Array.from({ length: 300 }, () => greedy.ask("addEventListener").success);
  assert.equal(answers.filter(Boolean).length, 99);
  assert.equal(other.ask("addEventListener").success, true);
  assert.equal(listening(page).id, 101);
});

test("who listens anew at each event does not keep the page busy", () => {
  const page = load();
  let told = 0;
  const again: Heard = (given) => {
    told++;
    if ((given as { eventName: string }).eventName !== "listenerRegistered") page.__gpp("addEventListener", again);
  };
  page.__gpp("addEventListener", again);
  announcing(page.privacyChoices.g, SECTIONS, flagOf(ALLOWED)).begin(flagOf(ALLOWED), true);
  assert.ok(told < 10);
});

test("messages are answered in the form they came in, and what is no question is left alone", () => {
  const page = load();
  const hear = answerFrames(page as unknown as Window, page.privacyChoices.g);
  const replies: unknown[] = [];
  const source = { postMessage: (said: unknown) => void replies.push(plain(said)) };
  const call = { __uspapiCall: { command: "getUSPData", version: 1, callId: "a" } };
  const reply = { __uspapiReturn: { returnValue: { uspString: "1YNN", version: 1 }, success: true, callId: "a" } };
  for (const data of [call, JSON.stringify(call), null, undefined, 7, "", "{", 'Call"', [], { __gppCall: null }]) {
    hear({ data, source } as unknown as MessageEvent);
  }
  assert.deepEqual(replies, [reply, JSON.stringify(reply)]);
  hear({ data: call, source: null } as unknown as MessageEvent);
});
