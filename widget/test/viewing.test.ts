/** Which language's view a page gets. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { viewIn } from "../src/page/viewing";
import type { Asking, Draw } from "../src/ui/asking";

const VIEWS: Record<string, string> = { en: "/en.js", es: "/es.js", "es-mx": "/es-mx.js" };
const OFFERED = { lang: "en", views: VIEWS };

type Given = Asking & Partial<HTMLScriptElement>;

const DRAW = (() => {}) as unknown as Draw;
const come = (given: Given): void => given.built!(DRAW);
const fail = (given: Given): void => void given.onerror!("error");

/** The view of a page in this language, and the files that it asks for, when this is what becomes of each. */
async function spoken(pageLang: string, become: (given: Given, address: string) => void = come, offered = OFFERED) {
  const asked: string[] = [];
  const load = (address: string, given: object) => {
    asked.push(address);
    become(given as Given, address);
    return {} as HTMLScriptElement;
  };
  const { lang } = await viewIn(offered, pageLang, load);
  return { asked, lang };
}

test("a page gets the view in its language, and asks for no other", async () => {
  for (const lang of ["en", "EN-gb"]) assert.deepEqual(await spoken(lang), { asked: ["/en.js"], lang: "en" });
  assert.deepEqual(await spoken("es"), { asked: ["/es.js"], lang: "es" });
});

test("a region's language is found by its nearest parent, whatever its case", async () => {
  assert.deepEqual((await spoken("ES-Latn-cl")).asked, ["/es.js"]);
  assert.deepEqual((await spoken("es-MX-x")).asked, ["/es-mx.js"]);
});

test("a page that names no language, or one that is not offered, is spoken to in the site's own", async () => {
  for (const lang of ["", "de", "-", "e", "english", "constructor", "__proto__", "toString"]) {
    assert.deepEqual(await spoken(lang), { asked: ["/en.js"], lang: "en" }, lang);
  }
});

test("a view that can't be had, or not in time, is the one in the site's own language", async () => {
  const failed = await spoken("es", (given, address) => (address == "/es.js" ? fail : come)(given));
  assert.deepEqual(failed, { asked: ["/es.js", "/en.js"], lang: "en" });
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const waiting: Given[] = [];
    const came = spoken("es", (given) => void waiting.push(given));
    mock.timers.tick(3000);
    waiting[1]!.built!(DRAW);
    waiting[0]!.built!(DRAW); // too late: what is shown does not change under the visitor's eyes
    assert.deepEqual(await came, { asked: ["/es.js", "/en.js"], lang: "en" });
  } finally {
    mock.timers.reset();
  }
});

test("where not even the site's own can be had, that is said at once", async () => {
  for (const lang of ["en", "es"]) await assert.rejects(async () => spoken(lang, fail));
});

test("a tag with any number of parts takes no more look-ups than one that is offered could have", async () => {
  let looked = 0;
  const views = new Proxy(VIEWS, {
    get(offered, lang: string) {
      looked++;
      return Reflect.get(offered, lang);
    },
  });
  const offered = { ...OFFERED, views };
  assert.equal((await spoken(`es${"-a".repeat(50_000)}`, come, offered)).lang, "es");
  assert.equal((await spoken("-".repeat(100_000), come, offered)).lang, "en");
  assert.ok(looked < 400, `${looked} look-ups`);
});
