// A bundle, made smaller once more by a second tool: a twentieth is worth it where every page pays for every byte.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { minify } from "terser";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const common = {
  absWorkingDir: root,
  bundle: true,
  charset: "ascii",
  legalComments: "none",
  logLevel: "warning",
  minify: true,
  target: "es2020",
};

export async function smallest(entry, options = {}) {
  const { outputFiles } = await build({ ...common, entryPoints: [entry], format: "iife", ...options, write: false });
  const { code } = await minify(outputFiles[0].text, {
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
    ecma: 2020,
    format: { ascii_only: true },
    toplevel: true,
  });
  return `${code}\n`;
}

/** What stands in the page itself: each part's entry, and what it calls the one thing that it is given. */
export const INLINE = {
  stub: ["src/stub.ts", "__STUB__"],
  guard: ["src/guard/index.ts", "__BLOCKED__"],
  tags: ["src/tags/index.ts", "__TAGS__"],
};

/** The service wraps each in a function of one parameter, so one of its own would be wasted bytes. */
export function inline([entry, given]) {
  return smallest(entry, { format: "esm", define: { [given]: "$" } });
}
