/** Taking away what partners left: everything that may be theirs, in a bounded number of tries. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { erase } from "../src/page/erasing";

/** What is written to take the cookie `_ad` away on a page of this path. */
function tries(pathname: string): string[] {
  const written: string[] = [];
  const document = {
    get cookie() {
      return "_ad=1; session=2";
    },
    set cookie(text: string) {
      written.push(text);
    },
  };
  const location = { hostname: "www.shop.example", pathname, protocol: "https:" };
  erase({ document, location } as unknown as Window, { cookies: "^_ad$" });
  return written;
}

test("every path above the page is tried, on every domain", () => {
  const written = tries("/summer/shoes");
  for (const path of ["/", "/summer", "/summer/", "/summer/shoes"]) {
    for (const domain of ["", "; Domain=www.shop.example", "; Domain=shop.example", "; Domain=example"]) {
      assert.ok(written.includes(`_ad=; Max-Age=0; Path=${path}${domain}; Secure`), `${path} ${domain}`);
    }
  }
  assert.ok(written.every((text) => text.startsWith("_ad=;")));
});

test("a page with a path of any length is done as soon as one of twenty levels", () => {
  const most = tries("/a".repeat(20)).length;
  for (const path of ["/a".repeat(50_000), "/" + "a/".repeat(50_000), "/".repeat(100_000)]) {
    assert.ok(tries(path).length <= most);
  }
  const long = tries(`/${"a".repeat(100_000)}/b/c`);
  assert.ok(Math.max(...long.map((text) => text.length)) < 1200);
});
