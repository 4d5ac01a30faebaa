/** Which words are shown. */

import assert from "node:assert/strict";
import { test } from "node:test";
import english from "../../templates/texts/en.json";
import spanish from "../../templates/texts/es.json";
import { textsFor } from "../src/ui/texts";

const OFFERED = { en: english, es: spanish };

test("a page's language is spoken where the site offers it", () => {
  assert.deepEqual(textsFor(OFFERED, "es", "en"), { lang: "es", texts: spanish });
});

test("a region's language is found by its nearest parent, whatever its case", () => {
  assert.equal(textsFor(OFFERED, "ES-Latn-mx", "en").lang, "es");
  assert.equal(textsFor({ ...OFFERED, "es-mx": { ...spanish, keep: "y" } }, "es-MX", "en").texts.keep, "y");
});

test("a page that names no language, or one that is not offered, is spoken to in the site's own", () => {
  for (const lang of ["", "de", "-", "e", "english"]) assert.equal(textsFor(OFFERED, lang, "es").lang, "es", lang);
});

test("what every object has is no language", () => {
  for (const lang of ["constructor", "__proto__", "toString"]) assert.equal(textsFor(OFFERED, lang, "es").lang, "es");
});

test("a tag with any number of parts takes no more look-ups than one that is offered could have", () => {
  let looked = 0;
  const counting = new Proxy(OFFERED, {
    get(offered, lang: string) {
      looked++;
      return Reflect.get(offered, lang);
    },
  });
  assert.equal(textsFor(counting, `es${"-a".repeat(50_000)}`, "en").lang, "es");
  assert.equal(textsFor(counting, "-".repeat(100_000), "en").lang, "en");
  assert.ok(looked < 400, `${looked} look-ups`);
});
