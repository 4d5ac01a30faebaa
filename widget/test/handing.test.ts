/** Handing over and taking back: what goes to the choices page, what stays in doubt, what is left of the address. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryCell } from "../src/core/cell";
import { takeBack } from "../src/page/returning";
import { leave } from "../src/settings/more";

/** As much of a window as is asked of one: its address, and the history that may change it. */
function at(href: string): { win: Window; href: () => string } {
  const url = new URL(href);
  const history = { state: { kept: 1 }, replaceState: (_: unknown, __: string, to: string) => void (url.href = to) };
  return { win: { location: url, history } as unknown as Window, href: () => url.href };
}

const cell = (text: string) => {
  const made = memoryCell();
  made.write(text);
  return made;
};

const ADDRESSES: readonly [string, string][] = [
  ["https://shop.example/#privacy-choices=1.a-b_c.d", "https://shop.example/"],
  ["https://shop.example/?a=b#lamps&privacy-choices=1.a.d", "https://shop.example/?a=b#lamps"],
  ["https://shop.example/?privacy-choices=a#privacy-choices=1.a.d", "https://shop.example/?privacy-choices=a"],
  ["https://shop.example/#/route?x=1&privacy-choices=1.a.d", "https://shop.example/#/route?x=1"],
];

for (const [came, left] of ADDRESSES) {
  test(`of ${came} ${left} is left`, () => {
    const { win, href } = at(came);
    assert.match(takeBack(win, cell("made")).result as string, /^1\.[\w-]+\.d$/);
    assert.equal(href(), left);
  });
}

const OTHERS = [
  "",
  "#privacy-choice=x",
  "#my-privacy-choices=x",
  "#privacy-choices=x&y",
  "?a&privacy-choices=x",
  "?privacy-choices=x#a",
];

for (const other of OTHERS.map((rest) => `https://shop.example/${rest}`)) {
  test(`${other} brings nothing and stays as it is`, () => {
    const { win, href } = at(other);
    const made = cell("made");
    assert.deepEqual(takeBack(win, made), {});
    assert.equal(href(), other);
    assert.equal(made.read(), "made");
  });
}

test("a state is good once, and a link without one brings none", () => {
  const made = cell("made");
  const [first, second] = [1, 2].map(() => takeBack(at("https://shop.example/#privacy-choices=r").win, made));
  assert.deepEqual(first, { result: "r", state: "made" });
  assert.deepEqual(second, { result: "r", state: "" });
});

const COOKIES: readonly [string, string, string][] = [
  ["what is allowed is in doubt", "1.aaa.default.0.1795000000.300.", "1.ddd.unavailable.0.1795000000.0."],
  ["what is partly allowed too", "1.dda.choice.3.1795000000.300.1.t.s", "1.ddd.unavailable.3.1795000000.0.1.t.s"],
  ["a denial stays", "1.ddd.choice.0.1795000000.300.1.t.s", "1.ddd.choice.0.1795000000.300.1.t.s"],
  ["what waits to be acknowledged stays", "1.dda.choice.0.1795000000.0.1.t.s", "1.dda.choice.0.1795000000.0.1.t.s"],
  ["what can't be read stays", "?", "?"],
];

for (const [name, before, after] of COOKIES) {
  test(`on leaving ${name}`, () => {
    const cookie = cell(before);
    const made = memoryCell();
    const leaving = { record: cookie.read, rewrite: cookie.write, remember: made.write, fresh: () => "fresh" };
    const said = leave("https://shop.example/lamps#x", "en", leaving);
    assert.equal(cookie.read(), after);
    assert.equal(made.read(), "fresh");
    const visitor = before === "?" ? "?" : before.split(".").slice(6).join(".");
    assert.deepEqual(said, { lang: "en", state: "fresh", back: "https://shop.example/lamps#x", visitor });
  });
}

test("a link with a long fragment costs nothing that anybody would notice", () => {
  for (const part of ["#", "#&", "&", "privacy-choices=", "#privacy-choices=&"]) {
    const { win } = at(`https://shop.example/#${part.repeat(20_000)}x`);
    const began = performance.now();
    takeBack(win, memoryCell());
    assert.ok(performance.now() - began < 500, part);
  }
});
