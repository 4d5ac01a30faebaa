// Builds what ships into dist (or into $OUT_DIR) and fails when one outgrows its budget.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { natives } from "./natives.mjs";
import { EXTRAS, report } from "./sizes.mjs";
import { common, INLINE, inline, mangling, root, SCRIPT, smallest } from "./smallest.mjs";

const out = process.env.OUT_DIR || `${root}dist`;
const OURS =
  "added|alone|asOf|ask|begin|brought|built|chance|choose|clock|config|doc|dock|dress|drop|end|extras|first|flush|forget|found|fresh|hold|hooked|hurry|" +
  "identified|kept|kind|known|later|leave|leaving|letters|lever|load|lost|make|maxAge|noticed|obey|overtaken|pending|permits|" +
  "place|post|queue|read|record|refresh|regrets|release|released|remember|reply|restrict|resume|rewrite|seen|signalId|" +
  "root|speak|start|styles|tag|tell|update|updated|url|voice|wait|win|write|wrote";
const ours = mangling(OURS.split("|"));
const plugins = [natives(root)];

mkdirSync(out, { recursive: true });
for (const [name, part] of Object.entries(INLINE)) writeFileSync(`${out}/${name}.js`, await inline(part));
const script = await smallest("src/index.ts", { ...ours, ...SCRIPT, plugins, format: "esm" }, { hoist_vars: true });
writeFileSync(`${out}/widget.js`, script);
writeFileSync(`${out}/view.js`, await smallest("src/ui/index.ts", { ...ours, plugins }));
writeFileSync(`${out}/settings.js`, await smallest("src/settings/index.ts", { ...ours, plugins }));
writeFileSync(`${out}/writing.js`, await smallest("src/writing/index.ts", { ...ours, plugins }));
await build({ ...common, ...ours, entryPoints: ["src/debug/index.ts"], format: "iife", outfile: `${out}/debug.js` });
copyFileSync(`${root}types/privacy-choices.d.ts`, `${out}/privacy-choices.d.ts`);
for (const extra of EXTRAS) {
  const entryPoints = [`src/extras/${extra}.ts`];
  await build({ ...common, ...SCRIPT, plugins, entryPoints, format: "iife", outfile: `${out}/${extra}.js` });
}
if (!report(out)) process.exitCode = 1;
