// Types: which expressions of a source file use the browser's own globals and methods. TypeScript's checker answers;
// nothing is changed here.
import ts from "typescript";

/** Globals that no page can replace. */
const FIXED = /^(window|document|location|navigator|undefined|Infinity|NaN|globalThis|frames)$/;
/** Namespaces and classes whose own functions need no `this`. */
const STATICS = /^(Object|Array|JSON|Math|Date|Number|String|Reflect|URL)$/;
/** Where TypeScript declares what the browser has. */
const LIBRARY = /\/typescript\/lib\/lib\..*\.d\.ts$/;
/** Types that TypeScript calls otherwise than the browser calls the class. */
const CLASSES = {
  NodeListOf: "NodeList",
  ReadonlyArray: "Array",
  ReadonlyMap: "Map",
  ReadonlySet: "Set",
  HTMLCollectionOf: "HTMLCollection",
};

/** The program with every file that the project's tsconfig.json names. `project` ends with a slash. */
export function programOf(project) {
  const { config } = ts.readConfigFile(`${project}tsconfig.json`, ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, project);
  return ts.createProgram(fileNames, options);
}

/** Questions about single nodes, answered by this checker. */
export function nativesBy(checker) {
  const isNative = (symbol) =>
    symbol?.declarations?.length > 0 &&
    symbol.declarations.every((declaration) => LIBRARY.test(declaration.getSourceFile().fileName));
  const globalOf = (name) => checker.resolveName(name, undefined, ts.SymbolFlags.Value, false);

  /** Return true if this identifier reads a global of the browser's that a page can replace. */
  function isGlobal(node) {
    const { parent } = node;
    if (FIXED.test(node.text) || !parent || isName(node, parent)) return false;
    const symbol = checker.getSymbolAtLocation(node);
    return isNative(symbol) && !!(symbol.flags & ts.SymbolFlags.Value) && globalOf(node.text) === symbol;
  }

  /** Return true if the function is of the browser's and called on an object: `Math.max` is none. */
  function isMethod({ expression, name }) {
    if (!isNative(checker.getSymbolAtLocation(name))) return false;
    const isStatic = ts.isIdentifier(expression) && STATICS.test(expression.text);
    return !(isStatic && isNative(checker.getSymbolAtLocation(expression)));
  }

  /** The names of the classes that may have this method, one for each member of a union. */
  function ownersOf({ expression, name }) {
    const type = checker.getNonNullableType(checker.getTypeAtLocation(expression));
    return [...new Set((type.isUnion() ? type.types : [type]).map((member) => ownerOf(member, name.text)))];
  }

  function ownerOf(type, method) {
    const apparent = checker.getApparentType(type);
    if (checker.isArrayType(apparent) || checker.isTupleType(apparent)) return "Array";
    return classOf(apparent, method) || checker.typeToString(apparent);
  }

  /** The class nearest to the root that has the method: `append` of a button is `Element`'s. */
  function classOf(type, method) {
    const target = type.target || type;
    const bases = target.isClassOrInterface?.() ? checker.getBaseTypes(target) : [];
    for (const base of type.isIntersection?.() ? type.types : bases) {
      const name = checker.getPropertyOfType(base, method) && classOf(base, method);
      if (name) return name;
    }
    if (type.isIntersection?.()) return undefined;
    const name = CLASSES[type.symbol?.name] || type.symbol?.name;
    return name && isClass(name) ? name : undefined;
  }

  const isClass = (name) => isNative(globalOf(name));

  return { isGlobal, isMethod, ownersOf, isClass };
}

/** Return true if the identifier names a member or a declaration, and reads nothing. */
function isName(node, parent) {
  return (parent.name === node && !ts.isShorthandPropertyAssignment(parent)) || parent.propertyName === node;
}
