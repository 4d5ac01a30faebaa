// Bundles the tests into a temporary folder and runs them with node's own runner.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { INLINE, inline, mangling, root } from "./smallest.mjs";

const out = mkdtempSync(join(tmpdir(), "widget-tests-"));
try {
  const tests = readdirSync(`${root}test`).filter((name) => name.endsWith(".test.ts"));
  await build({
    absWorkingDir: root,
    entryPoints: tests.map((name) => `test/${name}`),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    outdir: out,
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    loader: { ".html": "text", ".tpl": "text" },
    logLevel: "warning",
    ...mangling(), // the stub is tested as it is built
  });
  // What stands in a page itself, minified.
  for (const [name, part] of Object.entries(INLINE)) writeFileSync(join(out, `${name}.js`), await inline(part));
  const files = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
  // Those of the build itself.
  files.push(...readdirSync(`${root}test`).filter((name) => name.endsWith(".test.mjs")).map((name) => `${root}test/${name}`));
  const ran = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" });
  process.exitCode = ran.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
