// Builds what ships into dist (or into $OUT_DIR) and fails when one outgrows its budget.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { nativesOf } from "./natives/index.mjs";
import { EXTRAS, report } from "./sizes.mjs";
import { common, INLINE, inline, mangling, root, SCRIPT, smallest } from "./smallest.mjs";

const out = process.env.OUT_DIR || `${root}dist`;
const OURS =
  "added|all|adopt|alone|asOf|ask|begin|brought|built|chance|choose|clock|config|denies|doc|dock|draw|dress|drop|end|enqueue|erase|extras|first|flush|forget|format|found|fresh|hold|hooked|inside|" +
  "identified|kind|known|later|leave|leaving|letters|lever|load|lost|make|maxAge|methods|native|natives|noted|noticed|obey|optedOut|quietly|overtaken|pending|permits|" +
  "place|plain|post|queue|read|record|refresh|regrets|release|released|remember|renew|reply|restrict|resume|rewrite|seen|signalId|" +
  "root|speak|stale|start|styles|tag|tell|token|torn|uncover|unread|untouched|update|updated|url|voice|wait|win|write|wrote";
const ours = mangling(OURS.split("|"));
const ENTRIES = {
  widget: "src/index.ts",
  view: "src/ui/index.ts",
  settings: "src/settings/index.ts",
  writing: "src/writing/index.ts",
  prior: "src/prior/index.ts",
};
for (const extra of EXTRAS) ENTRIES[extra] = `src/extras/${extra}.ts`;
const { names, plugin } = nativesOf(root);
/** The script and what stands before it share one function; see `SCRIPT`. */
const inScript = { ...ours, ...SCRIPT, plugins: [plugin("__EXTRAS__.natives")] };
/** Fetched later: whoever runs it by another element, without its parts, gets no error. */
const fetched = {
  ...ours,
  plugins: [plugin("(document.currentScript as any).natives")],
  banner: { js: "try{" },
  footer: { js: "}catch(_){}" },
};

/** Their statements stay apart: that packs better, with methods as they are written. */
const APART = { sequences: false, unsafe_methods: false };

mkdirSync(out, { recursive: true });
const write = (name, text) => writeFileSync(`${out}/${name}.js`, text);
for (const [name, part] of Object.entries(INLINE)) write(name, await inline(part));
const define = { ...SCRIPT.define, __NATIVES__: names(Object.values(ENTRIES)) };
write("natives", await smallest("src/natives.ts", { ...ours, define }));
write("widget", await smallest(ENTRIES.widget, { ...inScript, format: "esm" }, { ...APART, hoist_vars: true }));
for (const name of ["view", "settings", "writing", "prior"]) write(name, await smallest(ENTRIES[name], fetched, APART));
for (const name of EXTRAS) write(name, await smallest(ENTRIES[name], inScript, APART));
await build({ ...common, ...ours, entryPoints: ["src/debug/index.ts"], format: "iife", outfile: `${out}/debug.js` });
await build({ ...common, entryPoints: ["src/ui/looks.css"], outfile: `${out}/looks.css` });
copyFileSync(`${root}types/privacy-choices.d.ts`, `${out}/privacy-choices.d.ts`);
if (!report(out)) process.exitCode = 1;
