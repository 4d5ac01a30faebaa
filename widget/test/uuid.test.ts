/** Request ids. */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { uuid } from "../src/page/uuid";

const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("an id is a random UUID, also where the browser has no function for it", () => {
  const insecure = { getRandomValues: (bytes: Uint8Array) => webcrypto.getRandomValues(bytes) };
  for (const random of [webcrypto, insecure] as Crypto[]) {
    const ids = new Set(Array.from({ length: 200 }, () => uuid(random)));
    assert.equal(ids.size, 200);
    for (const id of ids) assert.match(id, UUID_4);
  }
});
