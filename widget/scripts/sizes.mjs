// Sizes of what was built, against their budgets. The stub is measured as it stands in a page.
import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

const STUB_BUDGET = 1024; // bytes, raw: it is inline
const SCRIPT_BUDGET = 8 * 1024; // bytes, brotli

const TYPICAL = { s: "acme", k: "pc_acme", d: "aaa", r: { "us-ca": "aaa", "us-co": "aad" } };

export function wrapped(stub) {
  return `(function(__STUB__){${stub.trim()}\n})(${JSON.stringify(TYPICAL)});`;
}

/** Prints raw, gzip and brotli bytes; false when something is over its budget. */
export function report(folder) {
  const stub = Buffer.from(wrapped(readFileSync(`${folder}/stub.js`, "utf8")));
  const script = readFileSync(`${folder}/widget.js`);
  const lines = [
    ["stub (wrapped)", stub, stub.length, STUB_BUDGET, "raw"],
    ["widget.js", script, brotliCompressSync(script).length, SCRIPT_BUDGET, "brotli"],
  ];
  let fits = true;
  for (const [name, bytes, counted, budget, measure] of lines) {
    const sizes = `raw ${bytes.length}, gzip ${gzipSync(bytes).length}, brotli ${brotliCompressSync(bytes).length}`;
    const over = counted > budget;
    console.log(`${name}: ${sizes}; budget ${budget} ${measure}${over ? ": OVER BUDGET" : ""}`);
    fits = fits && !over;
  }
  return fits;
}
