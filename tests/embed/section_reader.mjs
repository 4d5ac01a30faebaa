// Reads GPP strings as the page does: a list of [text, section ids, layouts] comes in, a list of sections goes out.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const widget = fileURLToPath(new URL("../../widget/", import.meta.url));
const { buildSync } = createRequire(`${widget}package.json`)("esbuild");
const { outputFiles } = buildSync({
  entryPoints: [`${widget}src/core/sections.ts`],
  bundle: true,
  format: "esm",
  write: false,
});
const { sectionsOf } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

let asked = "";
for await (const part of process.stdin) asked += part;
process.stdout.write(JSON.stringify(JSON.parse(asked).map((given) => sectionsOf(...given))));
