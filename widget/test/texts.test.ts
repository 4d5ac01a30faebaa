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
