// Lengths and openings: files and functions that are read at once, and comments that say what a thing is or does.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import ts from "typescript";

const LONGEST_FILE = 350;
/** In lines, with every function that stands inside. */
const LONGEST_FUNCTION = 64;
/** Functions that are longer still, with their lines: split, they cost more bytes than their budget has. May only shrink. */
const LONGER = { "setup.ts setup": 124, "ui/view.ts view": 156 };
/** Words by which a doc comment would open with a question. */
const QUESTION = /^(What|Whether|Who|Whose|Whom|How|Where|Which)\b/;

const folder = fileURLToPath(new URL("../src/", import.meta.url));

/** Source file of that path below `src`, with its syntax tree. */
function parsed(path) {
  return ts.createSourceFile(path, readFileSync(folder + path, "utf8"), ts.ScriptTarget.Latest, true);
}

/** Yield a node and all that stand below it. */
function* below(node) {
  yield node;
  for (const child of node.getChildren()) yield* below(child);
}

const lineOf = (file, at) => file.getLineAndCharacterOfPosition(at).line + 1;

/** Return every function of a file by its name, with its length in lines; bodies of closures count as well. */
function functionsOf(file) {
  return [...below(file)].filter(ts.isFunctionLike).map((node) => ({
    name: `${file.fileName} ${node.name?.getText() ?? lineOf(file, node.getStart())}`,
    lines: lineOf(file, node.end) - lineOf(file, node.getStart()) + 1,
  }));
}

/** Return each doc comment of a file with its place, as the text behind the stars. */
function docsOf(file) {
  return [...file.text.matchAll(/\/\*\*([^]*?)\*\//g)].map((comment) => ({
    place: `${file.fileName}:${lineOf(file, comment.index)}`,
    text: comment[1].replace(/^[\s*]+/, ""),
  }));
}

const files = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith(".ts"))
  .map(parsed);

test("no file of the widget is too long to be read at once", () => {
  assert.ok(files.length > 0);
  assert.deepEqual(
    files.filter(({ text }) => text.split("\n").length - 1 > LONGEST_FILE).map(({ fileName }) => fileName),
    [],
  );
});

test("no function of the widget is too long to be read at once", () => {
  const functions = files.flatMap(functionsOf);
  assert.deepEqual(
    functions.filter(({ name, lines }) => lines > (LONGER[name] ?? LONGEST_FUNCTION)),
    [],
  );
});

test("a function that may be longer than the others is there, and is longer", () => {
  const long = files.flatMap(functionsOf).filter(({ lines }) => lines > LONGEST_FUNCTION);
  assert.deepEqual(long.map(({ name }) => name).sort(), Object.keys(LONGER).sort());
});

test("every doc comment of the widget opens with what a thing is or does, and with no question word", () => {
  // The comments of guard/ are still to be rewritten.
  const docs = files.filter(({ fileName }) => !fileName.startsWith("guard/")).flatMap(docsOf);
  assert.ok(docs.length > 0);
  assert.deepEqual(
    docs.filter(({ text }) => QUESTION.test(text)).map(({ place, text }) => `${place}: ${text.split("\n")[0]}`),
    [],
  );
});
