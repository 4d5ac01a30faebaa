/** The template for Google Tag Manager: its sections, and its code in a sandbox like Google's, against the real stub. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { embed } from "./embedded";
import template from "../gtm/privacy-choices.tpl";

const SECTIONS = Object.fromEntries(
  template
    .split(/^(?=___[A-Z_]+___$)/m)
    .map((part) => part.split(/^___([A-Z_]+)___$/m).slice(1))
    .map(([name, text]) => [name, text!.trim()]),
) as Record<string, string>;

interface Entry {
  readonly mapValue: readonly { readonly string?: string; readonly boolean?: boolean }[];
}

/** What the template may do with which global, as its permissions say: "execute privacyChoices.flag". */
function permitted(): Set<string> {
  const permissions = JSON.parse(SECTIONS.WEB_PERMISSIONS!) as {
    instance: { key: { publicId: string }; param: { value: { listItem: Entry[] } }[] };
  }[];
  const allowed = permissions.map(({ instance }) => instance.key.publicId);
  const globals = permissions.flatMap(({ instance }) => instance.param).flatMap(({ value }) => value.listItem);
  for (const { mapValue } of globals) {
    const [key, ...modes] = mapValue;
    ["read", "write", "execute"].forEach((mode, place) => modes[place]!.boolean && allowed.push(`${mode} ${key!.string}`));
  }
  return new Set(allowed);
}

interface Page {
  dataLayer?: { event: string; privacy_choices: Record<string, unknown> }[];
  privacyChoices?: { q: unknown[] };
}

/** Google's sandbox in small: `require` gives these APIs and nothing else, and each asks for its permission. */
function sandbox(page: Page, mocked: Record<string, unknown> = {}) {
  const allowed = permitted();
  const stored: Record<string, unknown> = {};
  const need = (permission: string) => assert.ok(allowed.has(permission), `not permitted: ${permission}`);
  const apis: Record<string, unknown> = {
    queryPermission: (_: string, mode: string, key: string) => allowed.has(`${mode} ${key}`),
    callInWindow: (path: string, ...given: unknown[]) => {
      need(`execute ${path}`);
      const found = path.split(".").reduce<any>((owner, name) => owner && owner[name], page);
      return typeof found === "function" ? found(...given) : undefined;
    },
    createQueue: (name: "dataLayer") => {
      need(`read ${name}`);
      need(`write ${name}`);
      return (entry: never) => (page[name] = page[name] || []).push(entry);
    },
    templateStorage: {
      getItem: (key: string) => (need("access_template_storage"), stored[key]),
      setItem: (key: string, value: unknown) => (need("access_template_storage"), void (stored[key] = value)),
    },
  };
  return {
    fire() {
      let succeeded = 0;
      const data = { eventName: "privacy_choices", gtmOnSuccess: () => void succeeded++ };
      const require = (name: string) => mocked[name] || apis[name] || assert.fail(`no such API: ${name}`);
      runInNewContext(`(function(){"use strict";${SECTIONS.SANDBOXED_JS_FOR_WEB_TEMPLATE}})()`, { require, data });
      assert.equal(succeeded, 1);
    },
  };
}

/** A page with the stub, as a browser with or without the signal shows it. */
function embedded(gpc: boolean): Page {
  const document = { cookie: "", currentScript: null };
  return embed({}, { document, navigator: { globalPrivacyControl: gpc } }) as unknown as Page;
}

const rights = (page: Page) => page.dataLayer!.map(({ event, privacy_choices }) => [event, privacy_choices.sale]);

test("the file has every section that an import reads, and those in JSON are JSON", () => {
  assert.deepEqual(Object.keys(SECTIONS), [
    "TERMS_OF_SERVICE",
    "INFO",
    "TEMPLATE_PARAMETERS",
    "SANDBOXED_JS_FOR_WEB_TEMPLATE",
    "WEB_PERMISSIONS",
    "TESTS",
    "NOTES",
  ]);
  const info = JSON.parse(SECTIONS.INFO!);
  assert.deepEqual([info.type, info.containerContexts], ["TAG", ["WEB"]]);
  const [parameter] = JSON.parse(SECTIONS.TEMPLATE_PARAMETERS!);
  assert.deepEqual([parameter.name, parameter.defaultValue], ["eventName", "privacy_choices"]);
});

test("nothing is permitted that the code does not use", () => {
  const used = ["access_globals", "access_template_storage", "read dataLayer", "write dataLayer"];
  const calls = ["execute privacyChoices.flag", "execute privacyChoices.on"];
  assert.deepEqual([...permitted()].sort(), [...used, ...calls].sort());
  for (const call of calls) assert.ok(SECTIONS.SANDBOXED_JS_FOR_WEB_TEMPLATE!.includes(`'${call.split(" ")[1]}'`));
});

test("the flag of the page is pushed with the event", () => {
  for (const [gpc, sale] of [[false, "allowed"], [true, "denied"]] as const) {
    const page = embedded(gpc);
    sandbox(page).fire();
    assert.deepEqual(rights(page), [["privacy_choices", sale]]);
    const pushed = page.dataLayer![0]!.privacy_choices;
    assert.deepEqual(Object.keys(pushed), ["sale", "share", "sensitive", "basis", "gpc"]);
    assert.ok(Object.values(pushed).every((value) => value !== undefined));
  }
});

test("a change is pushed again, once however often the tag has fired", () => {
  const page = embedded(false);
  const tag = sandbox(page);
  tag.fire();
  tag.fire();
  const listening = page.privacyChoices!.q.filter((call) => Array.isArray(call) && call[0] === "on");
  assert.equal(listening.length, 1);
  const [[, [name, act]]] = listening as [[string, [string, () => void]]];
  assert.equal(name, "change");
  act();
  assert.equal(page.dataLayer!.length, 3);
});

test("without the snippet everything is denied", () => {
  const page: Page = {};
  sandbox(page).fire();
  assert.deepEqual(rights(page), [["privacy_choices", "denied"]]);
  assert.equal(page.dataLayer![0]!.privacy_choices.basis, "unavailable");
});

test("the template's own tests pass in such a sandbox", () => {
  const block = (text: string) => text.replace(/^ {2,4}/gm, "");
  const [scenarios, setup] = SECTIONS.TESTS!.split(/^setup: \|-$/m) as [string, string];
  const found = [...scenarios.matchAll(/^- name: (.*)\n  code: \|-\n((?: {4}.*\n?)+)/gm)];
  assert.equal(found.length, scenarios.match(/^- /gm)!.length);
  for (const [, name, code] of found) {
    let fired = 0;
    const mocked: Record<string, unknown> = {};
    const mock = (api: string, by: unknown) => void (mocked[api] = by);
    const assertThat = (value: unknown) => ({ isEqualTo: (wanted: unknown) => assert.equal(value, wanted, name) });
    const assertApi = (api: string) => ({ wasCalled: () => assert.ok(api === "gtmOnSuccess" && fired) });
    const runCode = () => (sandbox({}, mocked).fire(), fired++);
    runInNewContext(`{${block(setup)}\n${block(code!)}}`, { mock, mockObject: mock, runCode, assertThat, assertApi });
  }
});
