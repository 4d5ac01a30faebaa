/** Which words are shown. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import english from "../../templates/texts/en.json";
import spanish from "../../templates/texts/es.json";
import { spokenIn, type Spoken, type Telling } from "../src/ui/texts";

const OFFERED = { lang: "en", texts: english, words: { es: "/es.js", "es-mx": "/es-mx.js" } };

type Given = Telling & Partial<HTMLScriptElement>;

const tellSpanish = (given: Given) => given.told(spanish);

/** What is said in a page of this language, when `come` is what becomes of the file that it asks for, and which one. */
async function spoken(lang: string, come: (given: Given) => void = tellSpanish, offered = OFFERED) {
  const asked: string[] = [];
  const load = (address: string, given: object) => {
    asked.push(address);
    come(given as Given);
    return {} as HTMLScriptElement;
  };
  return { asked, ...(await spokenIn(offered, lang, load)) };
}

test("a page in the script's own language asks for nothing", async () => {
  for (const lang of ["en", "EN-gb"]) assert.deepEqual(await spoken(lang), { asked: [], lang: "en", texts: english });
});

test("the words of a further language are fetched where a page is in it", async () => {
  assert.deepEqual(await spoken("es"), { asked: ["/es.js"], lang: "es", texts: spanish });
});

test("a region's language is found by its nearest parent, whatever its case", async () => {
  assert.deepEqual((await spoken("ES-Latn-cl")).asked, ["/es.js"]);
  assert.deepEqual((await spoken("es-MX-x")).asked, ["/es-mx.js"]);
});

test("a page that names no language, or one that is not offered, is spoken to in the site's own", async () => {
  for (const lang of ["", "de", "-", "e", "english", "constructor", "__proto__", "toString"]) {
    assert.deepEqual(await spoken(lang), { asked: [], lang: "en", texts: english }, lang);
  }
});

test("words that can't be had, or not in time, are those of the site's own language", async () => {
  const failed = await spoken("es", (given) => given.onerror!("error"));
  assert.deepEqual(failed, { asked: ["/es.js"], lang: "en", texts: english });
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let given: Given | undefined;
    const waiting: Promise<Spoken> = spoken("es", (asked) => (given = asked));
    mock.timers.tick(3000);
    given!.told(spanish); // too late: what is shown does not change under the visitor's eyes
    assert.equal((await waiting).lang, "en");
  } finally {
    mock.timers.reset();
  }
});

test("a tag with any number of parts takes no more look-ups than one that is offered could have", async () => {
  let looked = 0;
  const words = new Proxy(OFFERED.words, {
    get(offered, lang: string) {
      looked++;
      return Reflect.get(offered, lang);
    },
  });
  const offered = { ...OFFERED, words };
  assert.equal((await spoken(`es${"-a".repeat(50_000)}`, tellSpanish, offered)).lang, "es");
  assert.equal((await spoken("-".repeat(100_000), tellSpanish, offered)).lang, "en");
  assert.ok(looked < 400, `${looked} look-ups`);
});
