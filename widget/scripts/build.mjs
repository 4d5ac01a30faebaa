// Builds what ships into dist (or into $OUT_DIR) and fails when one outgrows its budget.
import { build } from "esbuild";
import { copyFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { minify } from "terser";
import { EXTRAS, report } from "./sizes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = process.env.OUT_DIR || `${root}dist`;
// Members of our own objects that nobody outside this bundle names: not the page, not the service, no other bundle.
const OURS =
  "lever|win|alone|asOf|ask|chance|clock|drop|flush|forget|hurry|identified|kept|later|leave|letters|lost|maxAge|queue|read|" +
  "refresh|regrets|release|restrict|resume|signalId|tell|updated|write|wrote";
const common = {
  absWorkingDir: root,
  bundle: true,
  charset: "ascii",
  legalComments: "none",
  logLevel: "warning",
  minify: true,
  target: "es2020",
};

await build({
  ...common,
  entryPoints: ["src/stub.ts"],
  // The service wraps the stub in a function of one parameter, so a second one would be wasted bytes.
  format: "esm",
  define: { __STUB__: "$" },
  outfile: `${out}/stub.js`,
});
writeFileSync(`${out}/widget.js`, await smallest("src/index.ts"));
writeFileSync(`${out}/settings.js`, await smallest("src/settings/index.ts"));
await build({ ...common, entryPoints: ["src/debug/index.ts"], format: "iife", outfile: `${out}/debug.js` });
copyFileSync(`${root}types/privacy-choices.d.ts`, `${out}/privacy-choices.d.ts`);
for (const extra of EXTRAS) {
  await build({ ...common, entryPoints: [`src/extras/${extra}.ts`], format: "iife", outfile: `${out}/${extra}.js` });
}
/** The bundle, made smaller once more: a twentieth is worth a second tool where every page pays for every byte. */
async function smallest(entry) {
  const mangleProps = new RegExp(`^(${OURS})$`);
  const { outputFiles } = await build({ ...common, entryPoints: [entry], format: "iife", mangleProps, write: false });
  const { code } = await minify(outputFiles[0].text, {
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
    ecma: 2020,
    format: { ascii_only: true },
    toplevel: true,
  });
  return `${code}\n`;
}

if (!report(out)) process.exitCode = 1;
