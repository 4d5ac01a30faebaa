/** Which words are shown. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGLISH, textsFor } from "../src/ui/texts";

test("a site without texts speaks English", () => {
  assert.deepEqual(textsFor({}, "de"), { lang: "en", texts: ENGLISH });
});

test("a site may change single words", () => {
  const { texts } = textsFor({ en: { keep: "Leave it" } }, "");
  assert.equal(texts.keep, "Leave it");
  assert.equal(texts.opt_out, ENGLISH.opt_out);
});

test("the page's language is found with and without its region", () => {
  assert.equal(textsFor({ es: { keep: "x" } }, "es-MX").lang, "es");
  assert.equal(textsFor({ "es-mx": { keep: "y" }, es: { keep: "x" } }, "es-MX").texts.keep, "y");
});
