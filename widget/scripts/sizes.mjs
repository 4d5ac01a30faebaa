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
const SCRIPT_BUDGET = 12300;
/** Fetched by pages with marked scripts that may run. */
const WRITING_BUDGET = 1100;
/** Held so that it comes down to the script's own; not there yet. */
const SPOKEN_BUDGET = 12700;

/** What is put before the script where a site's configuration asks for it. */
export const EXTRAS = ["debugging", "erasing", "former", "looks", "prior"];

/** What is no word of the script or its settings: those of the service's own pages, and what few sites need. */
const ELSEWHERE = /^(page_|sensitive)/;

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

/** The script as the service sends it, with the words of one language. */
function spoken(script) {
  const texts = spokenWords("en", (key) => !SETTINGS.test(key) && !ELSEWHERE.test(key));
  const given = `{"__proto__":null,${JSON.stringify({ ...CONFIG, texts }).slice(1)}`;
  return Buffer.from(`(($,_)=>{${script.trim()}\n})(${given},{});\n`);
}

/** The settings as the service sends them, when they are first opened. */
function opened(settings) {
  const said = spokenWords("en", (key) => SETTINGS.test(key));
  return Buffer.from(`(function(__WORDS__){${settings.trim()}\n})(${JSON.stringify(said)});\n`);
}

/** A further language as the service sends it to the pages that are in it. */
function further(lang) {
  const said = spokenWords(lang, (key) => !ELSEWHERE.test(key));
  return Buffer.from(`document.currentScript.told(${JSON.stringify(said)});\n`);
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
    ["script with its English words", spoken(script), SPOKEN_BUDGET],
    ["script with its English words and every extra", spoken([...extras, script].join(""))],
    ["Spanish, on a page that is in it", further("es")],
    ["writing, before the first marked script runs", readFileSync(`${folder}/writing.js`), WRITING_BUDGET],
    ["settings in English, when first opened", opened(readFileSync(`${folder}/settings.js`, "utf8"))],
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
