// Builds dist/stub.js and dist/widget.js (or into $OUT_DIR) and fails when one outgrows its budget.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { report } from "./sizes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = process.env.OUT_DIR || `${root}dist`;
const common = {
  absWorkingDir: root,
  bundle: true,
  charset: "ascii",
  legalComments: "none",
  logLevel: "warning",
  minify: true,
  target: "es2019",
};

await build({
  ...common,
  entryPoints: ["src/stub.ts"],
  // The service wraps the stub in a function of its own, so a second one would be wasted bytes.
  format: "esm",
  outfile: `${out}/stub.js`,
});
await build({ ...common, entryPoints: ["src/index.ts"], format: "iife", outfile: `${out}/widget.js` });
if (!report(out)) process.exitCode = 1;
