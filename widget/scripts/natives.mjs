// Natives: what our code uses of the browser's, taken from where no script of the page changes it. The types tell which
// global, static or method each expression means; the source itself is written as ever.
import ts from "typescript";
import { dirname, join } from "node:path";
import { readFileSync } from "node:fs";

/** Globals that no page can replace. */
const FIXED = /^(window|document|location|navigator|undefined|Infinity|NaN|globalThis|frames)$/;
/** What does its work for the page that it belongs to, and none for another one, or when that is gone. */
const OF_A_PAGE =
  /^(AbortController|BroadcastChannel|CSSStyleSheet|CustomEvent|Promise|atob|fetch|open|performance|\w+Observer|\w+Timeout)$/;
/** Names of a namespace or class whose own functions need no `this`. */
const STATICS = /^(Object|Array|JSON|Math|Date|Number|String|Reflect|URL)$/;
/** What is inline takes its own when it runs, before any other script; the panel is for developers. */
const LATE = /\/src\/(?!guard|stub|tags|debug\/|natives)[^.]*\.ts$/;
/** What a page can't change, or has of its own. */
const OWN = /^(Location|Function|CallableFunction|ServiceWorkerContainer)$/;
/** Not called by their names alone. */
const APART = /^(Location|Function|CallableFunction|ServiceWorkerContainer|Window|Promise)$/;
const RUNTIME = "natives:";

/** An esbuild plugin; `project` is the folder with tsconfig.json. */
export function natives(project) {
  const program = programOf(project);
  return {
    name: "natives",
    setup(build) {
      const [entry] = build.initialOptions.entryPoints;
      build.onResolve({ filter: /^natives:/ }, ({ path }) => ({ path, namespace: "natives" }));
      build.onLoad({ filter: /.*/, namespace: "natives" }, () => ({
        contents: runtime(project, declared(program, `${project}${entry}`)),
        loader: "ts",
        resolveDir: `${project}src`,
      }));
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const source = LATE.test(path) && program.getSourceFile(path);
        return source ? { contents: taken(source, program.getTypeChecker(), new Set()), loader: "ts" } : undefined;
      });
    },
  };
}

/** What natives.ts itself needs. */
const ITS_OWN = ["Function", "Object", "Proxy", "Reflect", "String"];

/** The module that every file takes its natives from: those of one bundle. */
function runtime(project, used) {
  const globals = used.filter((name) => !/[#.]/.test(name));
  const classes = used.filter((name) => name[0] == ".").map((name) => name.slice(1));
  const names = JSON.stringify([...new Set([...ITS_OWN, ...globals, ...classes])].sort());
  const rows = globals.map(
    (name) => `export const ${variable(name)} = ${OF_A_PAGE.test(name) ? `found("${name}")` : `realm.${name}`};\n`,
  );
  const text = readFileSync(`${project}src/natives.ts`, "utf8").replace(/declare (const __NATIVES__.*);/, `$1 = ${names};`);
  return text + rows.join("");
}

const variable = (name) => `$${name}`;

/**
 * Every native that an entry uses, itself or by what it imports: globals by their names, methods as `#name`, and their
 * classes as `.Name`.
 */
export function declared(program, entry) {
  const used = new Set();
  const seen = new Set();
  const walk = (path) => {
    const source = program.getSourceFile(path);
    if (!source || seen.has(path) || !LATE.test(path)) return;
    seen.add(path);
    taken(source, program.getTypeChecker(), used);
    for (const one of source.statements) {
      const imports = ts.isImportDeclaration(one) && !one.importClause?.isTypeOnly;
      if (imports) walk(`${join(dirname(path), one.moduleSpecifier.text)}.ts`);
    }
  };
  walk(entry);
  return [...used].sort();
}

export function programOf(project) {
  const { config } = ts.readConfigFile(`${project}tsconfig.json`, ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, project);
  return ts.createProgram(fileNames, options);
}

/** The text of a file that takes its natives from the runtime. */
function taken(source, checker, used) {
  const here = new Set();
  const use = (name) => {
    used.add(name);
    here.add(name);
    return ts.factory.createIdentifier(variable(name));
  };
  const { factory } = ts;
  const native = (symbol) => symbol?.declarations?.length > 0 && symbol.declarations.every((one) => /\/typescript\/lib\/lib\..*\.d\.ts$/.test(one.getSourceFile().fileName));

  const transformer = (context) => {
    function visit(node) {
      if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return node;
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
        const call = method(node);
        if (call) return call;
      }
      if (ts.isPropertyAccessExpression(node)) {
        return factory.updatePropertyAccessExpression(node, ts.visitNode(node.expression, visit), node.name);
      }
      if (ts.isShorthandPropertyAssignment(node)) return node;
      if (ts.isBinaryExpression(node) && node.operatorToken.kind == ts.SyntaxKind.InstanceOfKeyword && ts.isIdentifier(node.right) && value(node.right)) {
        // What the page made is of the page's own class, which has no other's objects.
        throw new Error(`${source.fileName}: nothing of the page's is an instance of a ${node.right.text} that was taken: ask for what it has`);
      }
      if (ts.isRegularExpressionLiteral(node)) return factory.createNewExpression(use("RegExp"), undefined, [node]);
      if (ts.isIdentifier(node) && value(node)) return use(node.text);
      return ts.visitEachChild(node, visit, context);
    }

    function value(node) {
      if (FIXED.test(node.text)) return false;
      const { parent } = node;
      if (!parent || (parent.name === node && !ts.isShorthandPropertyAssignment(parent)) || parent.propertyName === node) return false;
      const symbol = checker.getSymbolAtLocation(node);
      return native(symbol) && !!(symbol.flags & ts.SymbolFlags.Value) && checker.resolveName(node.text, undefined, ts.SymbolFlags.Value, false) === symbol;
    }

    function method(node) {
      const { expression: access, arguments: given } = node;
      const name = access.name.text;
      if (!native(checker.getSymbolAtLocation(access.name))) return undefined;
      if (ts.isIdentifier(access.expression) && STATICS.test(access.expression.text) && native(checker.getSymbolAtLocation(access.expression))) return undefined;
      const type = checker.getNonNullableType(checker.getTypeAtLocation(access.expression));
      const owners = new Set((type.isUnion() ? type.types : [type]).map((one) => owner(one, name)));
      const where = `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
      const [of] = owners;
      // At run time each object tells of what class it is; only these few are treated in another way.
      if (owners.size != 1 && [...owners].some((one) => APART.test(one))) throw new Error(`${where}: ${name} is a method of ${[...owners].join(", ")}: write it for one of them`);
      if (OWN.test(of)) return undefined;
      const self = ts.visitNode(access.expression, visit);
      const rest = ts.visitNodes(given, visit);
      // Another window has functions of its own.
      if (of == "Window") return /^(win|window)$/.test(access.expression.getText()) ? factory.createCallExpression(use(name), undefined, rest) : undefined;
      // The browser's own `catch` looks for the page's `then`.
      const caught = of == "Promise" && name == "catch";
      used.add(`#${caught ? "then" : name}`);
      for (const one of owners) if (native(checker.resolveName(one, undefined, ts.SymbolFlags.Value, false))) used.add(`.${one}`);
      here.add("methods");
      const taken = factory.createPropertyAccessExpression(factory.createIdentifier("$methods"), caught ? "then" : name);
      const called = factory.createCallExpression(taken, undefined, [self, ...(caught ? [factory.createVoidZero()] : []), ...rest]);
      if (!access.questionDotToken && !(node.flags & ts.NodeFlags.OptionalChain)) return called;
      if (!access.questionDotToken || !/^[\w.]+$/.test(access.expression.getText())) throw new Error(`${where}: too much after ?. for ${name}`);
      return factory.createParenthesizedExpression(factory.createConditionalExpression(
        factory.createBinaryExpression(self, ts.SyntaxKind.EqualsEqualsToken, factory.createNull()), undefined,
        factory.createVoidZero(), undefined, called));
    }

    function owner(type, name) {
      const apparent = checker.getApparentType(type);
      if (checker.isArrayType(apparent) || checker.isTupleType(apparent)) return "Array";
      return climbed(apparent, name) || checker.typeToString(apparent);
    }

    function climbed(type, name) {
      if (type.isIntersection?.()) {
        for (const part of type.types) { const got = checker.getPropertyOfType(part, name) && climbed(part, name); if (got) return got; }
        return undefined;
      }
      const target = type.target || type;
      const bases = target.isClassOrInterface?.() ? checker.getBaseTypes(target) : [];
      for (const base of bases) {
        const got = checker.getPropertyOfType(base, name) && climbed(base, name);
        if (got) return got;
      }
      const called = { NodeListOf: "NodeList", ReadonlyArray: "Array", ReadonlyMap: "Map", ReadonlySet: "Set", HTMLCollectionOf: "HTMLCollection" }[type.symbol?.name] || type.symbol?.name;
      const global = called && checker.resolveName(called, undefined, ts.SymbolFlags.Value, false);
      return native(global) ? called : undefined;
    }
    return (file) => ts.visitNode(file, visit);
  };

  const { transformed } = ts.transform(source, [transformer]);
  const text = ts.createPrinter({ removeComments: false }).printFile(transformed[0]);
  const names = [...here].map(variable);
  return names.length ? `import { ${names.join(", ")} } from "${RUNTIME}";\n${text}` : text;
}
