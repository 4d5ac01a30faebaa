// Natives: what our code uses of the browser's, taken from where no script of the page changes it. The source is written
// as ever; the build turns each use into one of the runtime's (src/natives.ts), which stands once in front of the script.
import { moduleFor, namesOf, TAKES, usedBy } from "./runtime.mjs";
import { RUNTIME, transformed } from "./transform.mjs";
import { programOf } from "./types.mjs";

/**
 * The natives of the project, which is the folder with tsconfig.json and ends with a slash.
 *
 * `names(entries)`: what the runtime takes for these entries, as a JSON text.
 * `plugin(handed)`: for esbuild; `handed` is the expression by which a bundle gets the runtime's natives.
 */
export function nativesOf(project) {
  const program = programOf(project);
  const used = (...entries) => usedBy(program, ...entries.map((entry) => project + entry));

  const plugin = (handed) => ({
    name: "natives",
    setup(build) {
      const [entry] = build.initialOptions.entryPoints;
      build.onResolve({ filter: RegExp(`^${RUNTIME}|/quietly$`) }, () => ({ path: RUNTIME, namespace: "natives" }));
      build.onLoad({ filter: /.*/, namespace: "natives" }, () => ({
        contents: moduleFor(used(entry), handed),
        loader: "ts",
      }));
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const source = TAKES.test(path) && program.getSourceFile(path);
        return source ? { contents: transformed(source, program.getTypeChecker()).text, loader: "ts" } : undefined;
      });
    },
  });
  return { names: (entries) => JSON.stringify(namesOf(used(...entries))), plugin };
}
