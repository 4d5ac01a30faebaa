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
const SCRIPT_BUDGET = 9280;
/** On a site without `cookie_domain`, as the demo's shop. */
const ALONE_BUDGET = 9800;
/** With what such a site has configured. */
const EXTRAS_BUDGET = 10 * 1024;
/** Kept for good, unlike the script: what a visitor's clicks do is in here. */
const VIEW_BUDGET = 4050;
/** Fetched where another consent tool's cookies are, without the site's tables. */
const PRIOR_BUDGET = 940;
const SETTINGS_BUDGET = 1320;
/** Fetched by pages with marked scripts that may run. */
const WRITING_BUDGET = 760;

/** What is put between natives and script where a site's configuration asks for it. */
export const EXTRAS = ["debugging", "earlier", "erasing", "former"];

/** Those of a site without `cookie_domain`. */
const ALONE = ["erasing", "former"];

/** What is no word of the view: those of the service's own pages, and what few sites need. */
const ELSEWHERE = /^(page_|sensitive)/;

const RULE = {
  s: "acme",
  d: "aaa",
  r: {},
  u: ["1YNN", "1YYN", "1YYN"],
  g: [[8], "DBABBg~BUUAAACA.QA", "DBABBg~BUUAAACA.YA"],
  m: 300,
  p: String.raw`(?:^|; )(__Host-|-)?pc_acme=(?:1\.([ad]{3})\.(\w+)\.([0-3])\.(\d{10})\.(\d+)\.[\w.-]*(?![^;]))?|$`,
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
  views: { en: "https://privacy.acme.example/w/acme.9d2f60b1c3a84e57f6aa.js" },
  settings: "https://privacy.acme.example/w/acme.0123456789abcdef0123.js",
  writing: "https://privacy.acme.example/w/acme.73c1f08d6b254ae90d5f.js",
};
/** What a site with every extra says besides. */
const MORE = {
  look: "corner",
  traces: [{ rights: "sale share", cookies: "^(?!(?:__Host-)?pc_|usprivacy$|__gpp(?:_sid)?$)(?:_ad_.*)$" }],
  debug: "https://privacy.acme.example/w/acme.5e0d7a93c4b1f8627a0e.js",
  prior: "https://privacy.acme.example/w/acme.b81f4c6e20d97a35f1c4.js",
};
const TAGS = { consent: { analytics: 1, open: { wait_for_update: 500 } }, processing: 1, meta: 1, uet: 1, layer: 1 };

export function wrapped(part, given) {
  return `try{($=>{${part.trim()}})(${JSON.stringify(given)})}catch{}`;
}

/** The script as the service sends it. */
function sent(script, facts = CONFIG) {
  return Buffer.from(`(($,_)=>{${script.trim()}\n})({"__proto__":null,${JSON.stringify(facts).slice(1)},{});\n`);
}

/** The view as the service sends it, in this language. */
function spoken(view, lang) {
  return Buffer.from(`(function(__WORDS__,__LOOKS__){${view.trim()}\n})(${JSON.stringify(words(lang))});\n`);
}

function words(lang) {
  const file = fileURLToPath(new URL(`../../templates/texts/${lang}.json`, import.meta.url));
  const said = Object.entries(JSON.parse(readFileSync(file, "utf8")));
  return Object.fromEntries(said.filter(([key]) => !ELSEWHERE.test(key)));
}

const packed = (bytes) => brotliCompressSync(bytes).length;

/** Prints raw, gzip and brotli bytes; false when something is over its budget. */
export function report(folder) {
  const read = (name) => readFileSync(`${folder}/${name}.js`, "utf8");
  const stub = read("stub").trim();
  const page = wrapped(stub, RULE);
  const tags = wrapped(read("tags"), TAGS);
  const guard = wrapped(read("guard"), [["adnet\\.example", "sale", "share"]]);
  const natives = read("natives");
  const script = read("widget");
  const extras = EXTRAS.map(read);
  const lines = [
    ["stub", Buffer.from(stub), STUB_BUDGET],
    ["stub with the facts of a site in California", Buffer.from(page)],
    ["every tag, behind the stub", Buffer.from(tags), TAGS_BUDGET, packed(`${page};${tags}`) - packed(page)],
    ["guard, behind the stub", Buffer.from(guard), GUARD_BUDGET, packed(`${page};${guard}`) - packed(page)],
    ["script with a site's facts", sent(natives + script), SCRIPT_BUDGET],
    ["script of a site without cookie_domain", sent([natives, ...ALONE.map(read), script].join("")), ALONE_BUDGET],
    ["script with every extra", sent([natives, ...extras, script].join(""), { ...CONFIG, ...MORE }), EXTRAS_BUDGET],
    ["view in English, beside the first call", spoken(read("view"), "en"), VIEW_BUDGET],
    ["view in Spanish, on pages that are in it", spoken(read("view"), "es")],
    ["settings, when first opened", Buffer.from(read("settings")), SETTINGS_BUDGET],
    ["prior, where another tool's cookies are", Buffer.from(read("prior")), PRIOR_BUDGET],
    ["writing, before the first marked script runs", Buffer.from(read("writing")), WRITING_BUDGET],
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
