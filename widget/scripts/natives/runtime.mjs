// The module `natives:`, as each bundle gets it, and the names that the runtime takes for all bundles.
import ts from "typescript";
import { dirname, join } from "node:path";
import { transformed, variable } from "./transform.mjs";

/** Globals that work for the page they belong to, and for no other one. */
const OF_A_PAGE =
  /^(AbortController|BroadcastChannel|CSSStyleSheet|CustomEvent|Promise|atob|fetch|open|performance|\w+Observer|\w+Timeout)$/;
/** Files that take natives: inline parts take their own when they run; the panel is for developers. */
export const TAKES = /\/src\/(?!guard|stub|tags|debug\/|natives)[^.]*\.ts$/;
/** What src/natives.ts itself needs. */
const OF_THE_RUNTIME = ["Function", "Object", "Proxy", "Reflect", "String"];

/** The natives that these entries use, by themselves or by what they import; written as `transformed` writes them. */
export function usedBy(program, ...entries) {
  const used = new Set();
  const seen = new Set();
  function walk(path) {
    const source = program.getSourceFile(path);
    if (!source || seen.has(path) || !TAKES.test(path)) return;
    seen.add(path);
    for (const name of transformed(source, program.getTypeChecker()).used) used.add(name);
    for (const statement of source.statements) {
      const imports = ts.isImportDeclaration(statement) && !statement.importClause?.isTypeOnly;
      if (imports) walk(`${join(dirname(path), statement.moduleSpecifier.text)}.ts`);
    }
  }
  entries.forEach(walk);
  return [...used].sort();
}

const isGlobal = (name) => !/[#.]/.test(name);

/** The names of all globals and classes that the runtime has to take. */
export function namesOf(used) {
  const classes = used.filter((name) => name[0] == ".").map((name) => name.slice(1));
  return [...new Set([...OF_THE_RUNTIME, ...used.filter(isGlobal), ...classes])].sort();
}

/** The module's text for one bundle; `handed` is the expression by which the bundle gets the runtime's natives. */
export function moduleFor(used, handed) {
  const globals = used.filter(isGlobal);
  const shared = globals.filter((name) => !OF_A_PAGE.test(name)).map((name) => `${name}: ${variable(name)}`);
  const found = globals
    .filter((name) => OF_A_PAGE.test(name))
    .map((name) => `export const ${variable(name)} = /* @__PURE__ */ natives.found("${name}");\n`);
  return `const natives = ${handed};
export const ${variable("methods")} = natives.methods;
export const quietly = natives.quietly;
export const { ${shared.join(", ")} } = natives.native;
${found.join("")}`;
}
