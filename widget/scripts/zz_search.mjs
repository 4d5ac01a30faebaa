import { build } from "esbuild"; import { minify } from "terser"; import { brotliCompressSync as b } from "node:zlib";
import { common, INLINE, mangling } from "./smallest.mjs";
const [part] = process.argv.slice(2);
const [entry, given] = INLINE[part];
const sizes = [];
for (const esm of [true, false]) {
  const { outputFiles } = await build({ ...common, entryPoints: [entry], format: "esm", ...mangling(), define: { [given]: "$" }, write: false, minify: esm, minifySyntax: true, minifyWhitespace: esm, minifyIdentifiers: esm });
  const text = outputFiles[0].text;
  const opts = { inline: [0,1,2,3], sequences: [true,false], join_vars: [true,false], conditionals: [true,false], hoist_props:[true,false], arrows: [true,false], booleans_as_integers:[false], reduce_vars:[true,false], collapse_vars:[true,false], if_return:[true,false], comparisons:[true,false], hoist_vars:[false,true], unsafe_methods:[true,false], keep_fargs:[false,true] };
  const keys = Object.keys(opts);
  for (let n = 0; n < 400; n++) {
    const o = Object.fromEntries(keys.map((k) => [k, opts[k][n == 0 ? 0 : Math.floor(Math.random() * opts[k].length)]]));
    const { code } = await minify(text, { compress: { passes: 3, pure_getters: true, unsafe_arrows: true, ...o }, ecma: 2020, format: { ascii_only: true }, toplevel: true });
    sizes.push([b(code.trim()).length, esm, JSON.stringify(o)]);
  }
}
sizes.sort((x, y) => x[0] - y[0]); console.log(sizes.slice(0, 6), sizes.find(s=>0));
