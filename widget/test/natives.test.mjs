// The build's transformation: which expressions take the browser's own functions from the runtime, and which it refuses.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { build } from "esbuild";
import { nativesOf } from "../scripts/natives/index.mjs";
import { moduleFor, namesOf, usedBy } from "../scripts/natives/runtime.mjs";
import { transformed } from "../scripts/natives/transform.mjs";
import { programOf } from "../scripts/natives/types.mjs";

/** Source -> the same with natives. The import in front is left out. */
const TURNED = {
  "new Map<string, number>();": "new $Map<string, number>();",
  "const of = { Map };": "const of = { Map };",
  "Math.max(1, 2);": "$Math.max(1, 2);",
  "JSON.parse(text).split;": "$JSON.parse(text).split;",
  "/a/g;": "new $RegExp(/a/g);",
  "/a/.test(text);": "$methods.test(new $RegExp(/a/), text);",
  'text.split(",").map(String);': '$methods.map($methods.split(text, ","), $String);',
  'button.append("a");': '$methods.append(button, "a");',
  "either.includes(text);": "$methods.includes(either, text);",
  'maybe?.append("a");': '(maybe == null ? void 0 : $methods.append(maybe, "a"));',
  "later.catch(act);": "$methods.then(later, void 0, act);",
  "win.setTimeout(act, 1);": "$setTimeout(act, 1);",
  "other.focus();": "other.focus();",
  'location.assign("/");': 'location.assign("/");',
  "act.call(1);": "$methods.call(act, 1);",
  "untyped.call(1);": "untyped.call(1);",
  "document.title;": "document.title;",
  "ours.split();": "ours.split();",
  "function f(Map: number) { return Map; }": "function f(Map: number) { return Map; }",
  "let typed: Map<string, Date> | undefined;": "let typed: Map<string, Date> | undefined;",
};

/** Source -> the error's words, behind the file and the line. */
const REFUSED = {
  "ours instanceof Map;": "no object of the page is an instance of a Map that was taken; test a property",
  "both.focus();": "focus is a method of HTMLElement, Window; write one call for each",
  "maybe?.children.item(0);": "item stands in a longer chain with ?.; put what is before it into a variable",
  "[maybe][0]?.remove();": "remove stands in a longer chain with ?.; put what is before it into a variable",
};

const DECLARED = `declare const text: string; declare const either: string | string[]; declare const win: Window;
declare const button: HTMLButtonElement; declare const maybe: Element | undefined; declare const other: Window;
declare const both: HTMLElement | Window; declare const later: Promise<void>; declare const act: () => void; declare const untyped: Function;
declare const ours: { split(): void };
`;
const LINE = DECLARED.split("\n").length;

const project = `${mkdtempSync(join(tmpdir(), "natives-"))}/`;
after(() => rmSync(project, { recursive: true, force: true }));
const file = (name) => `${project}src/${name}.ts`;
const write = (name, source) => writeFileSync(file(name), `${source}\nexport {};\n`);
mkdirSync(`${project}src/page`, { recursive: true });
const options = { target: "ES2020", module: "ESNext", moduleResolution: "bundler", lib: ["ES2020", "DOM"], strict: true, types: [] };
writeFileSync(`${project}tsconfig.json`, JSON.stringify({ compilerOptions: options, include: ["src"] }));
Object.keys(TURNED).forEach((source, at) => write(`turned${at}`, DECLARED + source));
Object.keys(REFUSED).forEach((source, at) => write(`refused${at}`, DECLARED + source));
write("page/part", 'import type { Types } from "./types"; export const part = (set: Set<Types>) => set.has(1);');
write("page/types", "export type Types = number; export const unused = () => new WeakMap();");
write("entry", 'import { part } from "./page/part"; export const run = () => fetch(`${part(new Set([1]))}`);');
write("quietly", "export const quietly = 1;");
write("loud", 'import { quietly } from "./quietly"; export const loud = quietly;');
const program = programOf(project);
const textOf = (name) => transformed(program.getSourceFile(file(name)), program.getTypeChecker());

for (const [at, [source, wanted]] of Object.entries(TURNED).entries()) {
  test(`the build turns ${source}`, () => {
    const { text } = textOf(`turned${at}`);
    const body = text.slice(text.indexOf("declare const ours"));
    assert.equal(body.slice(body.indexOf("};\n") + 3, body.lastIndexOf("export {}")).replace(/\s+/g, " ").trim(), wanted);
  });
}

for (const [at, [source, wanted]] of Object.entries(REFUSED).entries()) {
  test(`the build refuses ${source}`, () => {
    assert.throws(() => textOf(`refused${at}`), { message: `${file(`refused${at}`)}:${LINE}: ${wanted}` });
  });
}

test("a bundle uses the natives of the files that it imports, and none of those that give it types alone", () => {
  assert.deepEqual(usedBy(program, file("entry")), ["#has", ".Set", "Set", "fetch"]);
});

test("the runtime takes the globals, the methods' classes, and what it needs itself", () => {
  assert.deepEqual(namesOf(["#has", ".Set", "fetch"]), ["Function", "Object", "Proxy", "Reflect", "Set", "String", "fetch"]);
});

test("a bundle asks for the page's own where a native works for one page alone", () => {
  const text = moduleFor(["#has", ".Set", "Set", "fetch"], "handed");
  assert.match(text, /^const natives = handed;/);
  assert.match(text, /\{ Set: \$Set \} = natives\.native;/);
  assert.match(text, /\$fetch = .*natives\.found\("fetch"\);/);
});

test("a bundle has no runtime of its own, nor a copy of `quietly`", async () => {
  const { plugin, names } = nativesOf(project);
  assert.match(names(["src/entry.ts"]), /"Set","String","fetch"/);
  const given = { absWorkingDir: project, bundle: true, write: false, format: "esm", plugins: [plugin("handed")] };
  const [entry, loud] = await Promise.all(
    ["src/entry.ts", "src/loud.ts"].map(async (one) => (await build({ ...given, entryPoints: [one] })).outputFiles[0].text),
  );
  assert.match(entry, /natives = handed;/);
  assert.doesNotMatch(entry, /\.has\(1\)|Reflect/);
  assert.match(loud, /natives\.quietly/);
});
