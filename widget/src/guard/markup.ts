/**
 * Markup: what a page hands over as text is read by the browser's own parser, in a document that fetches nothing. Only
 * where that finds a partner's element is the text another one; there the address becomes a mark.
 */

import { quietly } from "../quietly";
import { blocks } from "./blocked";
import { names } from "./holding";
import { DOMParser, each, RegExp } from "./taken";

export const ADDRESSES = "src|srcset|href";
export const ADDRESS = new RegExp(`^(${ADDRESSES})$`, "i");
export const KINDS = "script|iframe|img|link|source";
/** A tag that may load something. */
export const LOADING = new RegExp(`<(${KINDS})[\\s/>]`, "i");

const parser = new DOMParser();
// Its own: where there is no frame it is the page's, which is hooked.
parser.parse = parser.parseFromString;
const parse = (markup: any) => parser.parse(markup, "text/html");

/** Marks what may not load. */
export function hookMarkup(go: () => unknown, _: unknown, given: any[]): unknown {
  let trusted = false;
  try {
    for (let at = 0; at < given.length; at++) {
      const markup = given[at];
      if (!LOADING.exec(markup)) continue;
      // Where Trusted Types are demanded a text of ours is refused, so the page's own value is asked first.
      trusted = typeof markup == "object";
      if (!trusted || quiet(parse(markup))) given[at] = quieted(`${markup}`);
    }
  } catch (_) {
    if (trusted || blocks(given[given.length - 1], "")) return; // nothing is put there
  }
  return go();
}

/** Marks what may not load in a document that a page has parsed by itself; one that can't be looked into stays empty. */
export function quietMade(go: () => any, _: unknown, [text]: any[]): unknown {
  const made = go();
  return made.contentType != "text/html" || quietly(() => quiet(made)) != null || !blocks(text, "") ? made : parse("");
}

/** The text with its marks, where it needs any. */
function quieted(text: string): string {
  // What is written may go on in the next call, within a tag or a value: both are closed for the parser, and what closes
  // them is cut off again. A template takes rows and cells as they are.
  const template = parse(`<template>${text}"'<!--$-->`).querySelector("template");
  return quiet(template.content) ? new RegExp(`[^]*?(?=("')?<!--[$])`).exec(template.innerHTML)[0] : text;
}

/** How many addresses became marks. */
function quiet(root: ParentNode): number {
  let marked = 0;
  each(`template|${KINDS}`, (kind) => {
    for (const element of root.querySelectorAll<any>(kind)) {
      if (element.content) marked += quiet(element.content);
      each(ADDRESSES, (name) => {
        const value = element.getAttribute(name);
        if (value && names(value)) {
          element.removeAttribute(name);
          element.setAttribute(`data-held-${name}`, value);
          marked++;
        }
      });
    }
  });
  return marked;
}
