// Transformation: a source file is printed so that what it uses of the browser comes from the module `natives:`.
//   new Map()        → new $Map()
//   text.split(",")  → $methods.split(text, ",")
//   /a/              → new $RegExp(/a/)
import ts from "typescript";
import { nativesBy } from "./types.mjs";

export const RUNTIME = "natives:";
/** The name of a native in the source as it is printed. */
export const variable = (name) => `$${name}`;

/** Classes whose methods a page can't change, or has of its own. */
const OWN = /^(Location|Function|CallableFunction|ServiceWorkerContainer)$/;
/** Classes whose methods are not called by their names alone. */
const APART = /^(Location|Function|CallableFunction|ServiceWorkerContainer|Window|Promise)$/;

const { factory } = ts;

/**
 * The text of the file with its natives imported, and their names: globals plain, methods as `#name`, the methods'
 * classes as `.Name`. Throws where an expression can't be turned, with the file and the line.
 */
export function transformed(source, checker) {
  const used = new Set();
  const imported = new Set();
  const types = nativesBy(checker);

  function global(name) {
    used.add(name);
    return from(name);
  }

  function from(name) {
    imported.add(variable(name));
    return factory.createIdentifier(variable(name));
  }

  function refused(node, message) {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    return new Error(`${source.fileName}:${line + 1}: ${message}`);
  }

  const transformer = (context) => {
    const visit = (node) => turned(node) || ts.visitEachChild(node, visit, context);

    /** The node in its new form; undefined where only its children may change. */
    function turned(node) {
      if (isTypeOnly(node) || ts.isShorthandPropertyAssignment(node)) return node;
      if (isInstanceOf(node) && types.isGlobal(node.right)) {
        // The page made its objects with its own class.
        throw refused(node, `no object of the page is an instance of a ${node.right.text} that was taken; test a property`);
      }
      if (ts.isRegularExpressionLiteral(node)) return factory.createNewExpression(global("RegExp"), undefined, [node]);
      if (ts.isIdentifier(node) && types.isGlobal(node)) return global(node.text);
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) return call(node);
      if (!ts.isPropertyAccessExpression(node)) return undefined;
      return factory.updatePropertyAccessExpression(node, ts.visitNode(node.expression, visit), node.name);
    }

    function call(node) {
      const access = node.expression;
      if (!types.isMethod(access)) return undefined;
      const name = access.name.text;
      const owners = types.ownersOf(access);
      // At run time each object tells its class; only these few need another form.
      if (owners.length > 1 && owners.some((owner) => APART.test(owner))) {
        throw refused(node, `${name} is a method of ${owners.join(", ")}; write one call for each`);
      }
      const [owner] = owners;
      if (OWN.test(owner)) return undefined;
      const given = ts.visitNodes(node.arguments, visit);
      if (owner == "Window") return ofWindow(access, given);
      for (const one of owners) if (types.isClass(one)) used.add(`.${one}`);
      // The browser's own `catch` looks for the page's `then`.
      if (owner == "Promise" && name == "catch") return method(node, "then", [factory.createVoidZero(), ...given]);
      return method(node, name, given);
    }

    /** Another window has functions of its own. */
    function ofWindow({ expression, name }, given) {
      const isOurs = /^(win|window)$/.test(expression.getText());
      return isOurs ? factory.createCallExpression(global(name.text), undefined, given) : undefined;
    }

    function method(node, name, given) {
      const { expression, questionDotToken } = node.expression;
      used.add(`#${name}`);
      const self = ts.visitNode(expression, visit);
      const access = factory.createPropertyAccessExpression(from("methods"), name);
      const called = factory.createCallExpression(access, undefined, [self, ...given]);
      if (!questionDotToken && !(node.flags & ts.NodeFlags.OptionalChain)) return called;
      if (!questionDotToken || !/^[\w.]+$/.test(expression.getText())) {
        throw refused(node, `${name} stands in a longer chain with ?.; put what is before it into a variable`);
      }
      return unlessNull(self, called);
    }

    return (file) => ts.visitNode(file, visit);
  };

  const result = ts.transform(source, [transformer]);
  const text = ts.createPrinter({ removeComments: false }).printFile(result.transformed[0]);
  const names = [...imported].join(", ");
  return { text: names ? `import { ${names} } from "${RUNTIME}";\n${text}` : text, used };
}

/** `self == null ? void 0 : called`, in brackets. */
function unlessNull(self, called) {
  const isNull = factory.createBinaryExpression(self, ts.SyntaxKind.EqualsEqualsToken, factory.createNull());
  const choice = factory.createConditionalExpression(isNull, undefined, factory.createVoidZero(), undefined, called);
  return factory.createParenthesizedExpression(choice);
}

function isTypeOnly(node) {
  const kinds = [ts.isTypeNode, ts.isImportDeclaration, ts.isInterfaceDeclaration, ts.isTypeAliasDeclaration];
  return kinds.some((is) => is(node));
}

function isInstanceOf(node) {
  const { InstanceOfKeyword } = ts.SyntaxKind;
  return ts.isBinaryExpression(node) && node.operatorToken.kind == InstanceOfKeyword && ts.isIdentifier(node.right);
}
