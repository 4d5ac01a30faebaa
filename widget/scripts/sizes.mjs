// Sizes of what was built, against their budgets. Stub and script are measured as a page gets them: with a typical
// configuration, and the script with its words.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const STUB_BUDGET = 1024; // bytes, raw: it is inline
const SCRIPT_BUDGET = 8 * 1024; // bytes, brotli

/** What is put before the script where a site's configuration asks for it. */
export const EXTRAS = ["debugging", "erasing", "prior"];

const RULE = { s: "acme", d: "aad us-ca:aaa" };
const CONFIG = {
  rule: RULE,
  service: "https://privacy.acme.example",
  cookie_domain: "acme.example",
  frictionless: false,
  link: true,
  lang: "en",
};

export function wrapped(stub, rule = RULE) {
  return `($=>{${stub.trim()}})(${JSON.stringify(rule)})`;
}

/** How many regions with a default of their own the stub has room for. */
function regions(stub) {
  const room = STUB_BUDGET - Buffer.byteLength(wrapped(stub, { ...RULE, d: "ddd" }));
  return Math.floor(room / " us-ca:aaa".length);
}

/** The script as the service sends it, speaking these languages. */
function spoken(script, langs) {
  const texts = Object.fromEntries(langs.map((lang) => [lang, words(lang)]));
  const given = JSON.stringify({ ...CONFIG, texts });
  return Buffer.from(`(function(__CONFIG__,__EXTRAS__){${script.trim()}\n})(${given},{});\n`);
}

/** What the widget says; the service leaves out the words of its own pages, and of a switch that few sites need. */
function words(lang) {
  const file = fileURLToPath(new URL(`../../templates/texts/${lang}.json`, import.meta.url));
  const said = Object.entries(JSON.parse(readFileSync(file, "utf8")));
  return Object.fromEntries(said.filter(([key]) => !/^(page_|sensitive)/.test(key)));
}

/** Prints raw, gzip and brotli bytes; false when something is over its budget. */
export function report(folder) {
  const bare = readFileSync(`${folder}/stub.js`, "utf8");
  const stub = Buffer.from(wrapped(bare));
  const script = readFileSync(`${folder}/widget.js`, "utf8");
  const english = spoken(script, ["en"]);
  const extras = EXTRAS.map((name) => readFileSync(`${folder}/${name}.js`, "utf8"));
  const lines = [
    ["stub (wrapped)", stub, stub.length, STUB_BUDGET, "raw"],
    ["script in English", english, brotliCompressSync(english).length, SCRIPT_BUDGET, "brotli"],
    ["script in English and Spanish", spoken(script, ["en", "es"])],
    ["script in English with every extra", spoken([...extras, script].join(""), ["en"])],
    ["widget.js alone", Buffer.from(script)],
  ];
  let fits = true;
  for (const [name, bytes, counted, budget, measure] of lines) {
    const sizes = `raw ${bytes.length}, gzip ${gzipSync(bytes).length}, brotli ${brotliCompressSync(bytes).length}`;
    const over = counted > budget;
    console.log(`${name}: ${sizes}${budget ? `; budget ${budget} ${measure}` : ""}${over ? ": OVER BUDGET" : ""}`);
    fits = fits && !over;
  }
  console.log(`the stub has room for ${regions(bare)} regions whose default is not the strictest`);
  return fits;
}
