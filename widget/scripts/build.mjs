// Builds what ships into dist (or into $OUT_DIR) and fails when one outgrows its budget.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { EXTRAS, report } from "./sizes.mjs";
import { common, INLINE, inline, root, smallest } from "./smallest.mjs";

const out = process.env.OUT_DIR || `${root}dist`;
// Members of our own objects that nobody outside this bundle names: not the page, not the service, no other bundle.
const OURS =
  "lever|win|alone|dock|dress|extras|kind|noticed|obey|overtaken|voice|wait|begin|brought|hold|known|seen|speak|asOf|ask|chance|clock|drop|flush|forget|hurry|identified|kept|later|leave|letters|lost|maxAge|queue|read|" +
  "refresh|regrets|release|restrict|resume|signalId|tell|updated|write|wrote";
const mangleProps = new RegExp(`^(${OURS})$`);

mkdirSync(out, { recursive: true });
for (const [name, part] of Object.entries(INLINE)) writeFileSync(`${out}/${name}.js`, await inline(part));
writeFileSync(`${out}/widget.js`, await smallest("src/index.ts", { mangleProps }));
writeFileSync(`${out}/settings.js`, await smallest("src/settings/index.ts", { mangleProps }));
await build({ ...common, entryPoints: ["src/debug/index.ts"], format: "iife", outfile: `${out}/debug.js` });
copyFileSync(`${root}types/privacy-choices.d.ts`, `${out}/privacy-choices.d.ts`);
for (const extra of EXTRAS) {
  await build({ ...common, entryPoints: [`src/extras/${extra}.ts`], format: "iife", outfile: `${out}/${extra}.js` });
}
if (!report(out)) process.exitCode = 1;
