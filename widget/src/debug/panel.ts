/**
 * The debug panel's parts as plain rows: what the flag says, what is on record, what is held and why, what was
 * released, what waits to be sent. Makes text; draws nothing.
 */

import { MARKED } from "../page/gate";
import type { Inside } from "./inside";

export interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [what: string, says: string])[];
}

/** @param now Unix milliseconds */
export function sections(doc: Document, inside: Inside, now: number): readonly Section[] {
  return [
    { title: "Flag", rows: flagRows(inside, now) },
    { title: "Held", rows: markedRows(doc, inside, false) },
    { title: "Released", rows: markedRows(doc, inside, true) },
    { title: "Waits to be sent", rows: inside.pending().map((choice) => [choice.made_at, JSON.stringify(choice)]) },
  ];
}

function flagRows(inside: Inside, now: number): Section["rows"] {
  const flag = inside.flag();
  const age = Math.round((now - Date.parse(flag.as_of)) / 1e3);
  return [
    ...Object.entries(flag).map(([name, value]) => [name, String(value)] as const),
    ["age", `${age} s of ${flag.max_age} s`],
    ["cookie", inside.record() || "none"],
  ];
}

/** A frame that was released carries its `src` again, and no longer looks marked. */
function markedRows(doc: Document, inside: Inside, released: boolean): Section["rows"] {
  const all = Array.from(doc.querySelectorAll<HTMLElement>(`${MARKED},iframe[data-right]`));
  return all
    .filter((marked) => inside.released(marked) === released)
    .map((marked) => [named(marked), released ? "" : reason(marked, inside)]);
}

function named(marked: HTMLElement): string {
  const address = marked.dataset.src || marked.getAttribute("src") || (marked.textContent || "").trim().slice(0, 60);
  return `${marked.localName} ${address}`;
}

function reason(marked: HTMLElement, inside: Inside): string {
  const rights = (marked.dataset.right || "").split(/\s+/).filter(Boolean);
  const denied = rights.filter((right) => !inside.permits(right));
  if (!rights.length) return "names no right";
  return denied.length ? `not allowed: ${denied.join(", ")}` : "waits for an earlier script";
}
