// Sizes of what was built, against their budgets: the stub as a page gets it, the script without the site's words,
// which are configuration; with them it is printed beside.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const STUB_BUDGET = 1024; // bytes, raw: it is inline
const SCRIPT_BUDGET = 8 * 1024; // bytes, brotli

/** What is put before the script where a site's configuration asks for it. */
export const EXTRAS = ["debugging", "erasing", "prior"];

/** The words of the settings; consent_service/texts.py keeps the list. */
const SETTINGS = /^(settings_text|sale_share_text|sale_share_on|signal|more)$/;

const RULE = { s: "acme", d: "aad us-ca:aaa" };
const CONFIG = {
  rule: RULE,
  service: "https://privacy.acme.example",
  cookie_domain: "acme.example",
  frictionless: false,
  link: true,
  lang: "en",
  settings: "https://privacy.acme.example/w/acme.0123456789abcdef0123.js",
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

/** What the script says itself: no word of the service's own pages, and none that only the settings need. */
function words(lang) {
  return spokenWords(lang, (key) => !SETTINGS.test(key) && !/^(page_|sensitive)/.test(key));
}

/** The settings as the service sends them, when they are first opened. */
function opened(settings, langs) {
  const said = (lang) => spokenWords(lang, (key) => SETTINGS.test(key));
  const texts = Object.fromEntries(langs.map((lang) => [lang, said(lang)]));
  return Buffer.from(`(function(__WORDS__){${settings.trim()}\n})(${JSON.stringify(texts)});\n`);
}

function spokenWords(lang, wanted) {
  const file = fileURLToPath(new URL(`../../templates/texts/${lang}.json`, import.meta.url));
  return Object.fromEntries(Object.entries(JSON.parse(readFileSync(file, "utf8"))).filter(([key]) => wanted(key)));
}

/** Prints raw, gzip and brotli bytes; false when something is over its budget. */
export function report(folder) {
  const bare = readFileSync(`${folder}/stub.js`, "utf8");
  const stub = Buffer.from(wrapped(bare));
  const script = readFileSync(`${folder}/widget.js`, "utf8");
  const extras = EXTRAS.map((name) => readFileSync(`${folder}/${name}.js`, "utf8"));
  const lines = [
    ["stub (wrapped)", stub, stub.length, STUB_BUDGET, "raw"],
    ["script", Buffer.from(script), brotliCompressSync(script).length, SCRIPT_BUDGET, "brotli"],
    ["script with its English words", spoken(script, ["en"])],
    ["script with English and Spanish words", spoken(script, ["en", "es"])],
    ["script with English words and every extra", spoken([...extras, script].join(""), ["en"])],
    ["settings in English, when first opened", opened(readFileSync(`${folder}/settings.js`, "utf8"), ["en"])],
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
