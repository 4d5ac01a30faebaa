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

/**
 * What stub and script call each other's parts. A page's stub is as old as the page, the script is of today: these
 * names never change.
 */
const VOICE = { listeners: "l", timer: "t", say: "s", ping: "p", answer: "a", hear: "h" };

/**
 * Members of our own objects that nobody outside our bundles names: not the page, not the service.
 *
 * @param names of those beside the voice's
 */
export function mangling(names = []) {
  return { mangleProps: RegExp(`^(${[...Object.keys(VOICE), ...names].join("|")})$`), mangleCache: { ...VOICE } };
}

/**
 * With a `mangleCache` the next bundle gets what this one called its members.
 *
 * @param compress more of the second tool's options
 */
export async function smallest(entry, options = {}, compress = {}) {
  const given = { ...common, entryPoints: [entry], format: "iife", ...options, write: false };
  const { outputFiles, mangleCache } = await build(given);
  Object.assign(options.mangleCache || {}, mangleCache);
  const { code } = await minify(outputFiles[0].text, {
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true, ...compress },
    ecma: 2020,
    format: { ascii_only: true },
    // Else it takes the names out of the function that keeps them apart.
    toplevel: given.format == "esm",
  });
  return `${code}\n`;
}

/** The service wraps the script, and the extras before it, in a function of these two parameters. */
export const SCRIPT = { define: { __CONFIG__: "$", __EXTRAS__: "_" } };

/** What stands in the page itself: each part's entry, and what it calls the one thing that it is given. */
export const INLINE = {
  stub: ["src/stub.ts", "__STUB__"],
  guard: ["src/guard/index.ts", "__BLOCKED__"],
  tags: ["src/tags/index.ts", "__TAGS__"],
};

/** The service wraps each in a function of one parameter, so one of its own would be wasted bytes. */
export function inline([entry, given]) {
  return smallest(entry, { ...mangling(), format: "esm", define: { [given]: "$" } });
}
