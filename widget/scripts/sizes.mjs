// Sizes of what was built, against their budgets: stub and script without the site's facts and words, which are
// configuration; with them they are printed beside.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** Bytes, brotli: the stub is inline, so it comes as the page does. */
const STUB_BUDGET = 1100;
/** More than the stub alone: the tags stand behind it where a site wants them. */
const TAGS_BUDGET = 1100;
/** As the tags, on a site that has a blocked partner. */
const GUARD_BUDGET = 1300;
const SCRIPT_BUDGET = 12000;
/** Fetched by pages with marked scripts that may run. */
const WRITING_BUDGET = 700;
/** Held so that it comes down to the script's own; not there yet. */
const SPOKEN_BUDGET = 12000;

/** What is put before the script where a site's configuration asks for it. */
export const EXTRAS = ["debugging", "erasing", "former", "looks", "prior"];

/** The words of the settings; consent_service/texts.py keeps the list. */
const SETTINGS = /^(settings_text|sale_share_text|sale_share_on|signal|more)$/;

const RULE = {
  s: "acme",
  d: "aaa",
  u: ["1YNN", "1YYN", "1YYN"],
  g: [[8], "DBABBg~BUUAAACA.QA", "DBABBg~BUUAAACA.YA"],
  m: 300,
  p: String.raw`(?:^|; )(__Host-|-)?pc_acme=(?:1\.([ad]{3})\.(\w+)\.([0-3])\.(\d{10})\.(\d+)\.[\w.-]*(?![^;]))?`,
};
const CONFIG = {
  rule: RULE,
  service: "https://privacy.acme.example",
  cookie_domain: "acme.example",
  frictionless: false,
  link: true,
  strings: {
    "aaa0 aad0": "8 DBABBg~BUoAAACA.QA",
    "dda0 ddd0": "8 DBABBg~BUUAAACA.QA",
    "dda1 ddd1": "8 DBABBg~BUUAAACA.YA",
  },
  sections: {
    "8:usca":
      "Version:6 SaleOptOutNotice SharingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut " +
      "SensitiveDataProcessing:2:9 KnownChildSensitiveDataConsents:2:2 PersonalDataConsents MspaCoveredTransaction " +
      "MspaOptOutOptionMode MspaServiceProviderMode.SubsectionType Gpc:1",
  },
  lang: "en",
  settings: "https://privacy.acme.example/w/acme.0123456789abcdef0123.js",
  writing: "https://privacy.acme.example/w/acme.73c1f08d6b254ae90d5f.js",
};
const TAGS = { consent: { analytics: 1, open: { wait_for_update: 500 } }, processing: 1, meta: 1, uet: 1, layer: 1 };

export function wrapped(part, given) {
  return `($=>{${part.trim()}})(${JSON.stringify(given)})`;
}

/** The script as the service sends it, speaking these languages. */
function spoken(script, langs) {
  const texts = Object.fromEntries(langs.map((lang) => [lang, words(lang)]));
  const given = `{"__proto__":null,${JSON.stringify({ ...CONFIG, texts }).slice(1)}`;
  return Buffer.from(`(($,_)=>{${script.trim()}\n})(${given},{});\n`);
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

const packed = (bytes) => brotliCompressSync(bytes).length;

/** Prints raw, gzip and brotli bytes; false when something is over its budget. */
export function report(folder) {
  const stub = readFileSync(`${folder}/stub.js`, "utf8").trim();
  const page = wrapped(stub, RULE);
  const tags = wrapped(readFileSync(`${folder}/tags.js`, "utf8"), TAGS);
  const guard = wrapped(readFileSync(`${folder}/guard.js`, "utf8"), [["adnet.example", "sale", "share"]]);
  const script = readFileSync(`${folder}/widget.js`, "utf8");
  const extras = EXTRAS.map((name) => readFileSync(`${folder}/${name}.js`, "utf8"));
  const lines = [
    ["stub", Buffer.from(stub), STUB_BUDGET],
    ["stub with the facts of a site in California", Buffer.from(page)],
    ["every tag, behind the stub", Buffer.from(tags), TAGS_BUDGET, packed(`${page};${tags}`) - packed(page)],
    ["guard, behind the stub", Buffer.from(guard), GUARD_BUDGET, packed(`${page};${guard}`) - packed(page)],
    ["script", Buffer.from(script), SCRIPT_BUDGET],
    ["script with its English words", spoken(script, ["en"]), SPOKEN_BUDGET],
    ["script with English and Spanish words", spoken(script, ["en", "es"])],
    ["script with English words and every extra", spoken([...extras, script].join(""), ["en"])],
    ["writing, before the first marked script runs", readFileSync(`${folder}/writing.js`), WRITING_BUDGET],
    ["settings in English, when first opened", opened(readFileSync(`${folder}/settings.js`, "utf8"), ["en"])],
  ];
  let fits = true;
  for (const [name, bytes, budget, counted = packed(bytes)] of lines) {
    const over = counted > budget;
    const sizes = `raw ${bytes.length}, gzip ${gzipSync(bytes).length}, brotli ${counted}`;
    console.log(`${name}: ${sizes}${budget ? `; budget ${budget} brotli` : ""}${over ? ": OVER BUDGET" : ""}`);
    fits = fits && !over;
  }
  return fits;
}
