/**
 * Markup: what a page hands over as text is read by the browser's own parser, in a document that fetches nothing. Only
 * where that finds a partner's element is the text another one; there the address becomes a mark.
 */

import { namesBlocked } from "./blocked";
import { names } from "./holding";
import { apply, own } from "./taken";

export const ADDRESS = own(/^(src|srcset|href)$/i);
const KINDS = "script,iframe,img,link,source";
/** A tag that may load something. */
export const LOADING = own(RegExp(`<(${KINDS.replace(/,/g, "|")})[\\s/>]`, "i"));
/** Closes what is written in pieces as far as the parser needs it, and is cut off again with all that it closes. */
const END = "<!--$";

const parser = new DOMParser();
/** The browser's own, since the page's is hooked. */
const native = parser.parseFromString;
const parse = (markup: any) => apply(native, parser, [markup, "text/html"]);

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
    if (trusted || namesBlocked(given[given.length - 1])) return; // nothing is put there
  }
  return go();
}

/** Marks what may not load in a document that a page has parsed by itself. */
export function quietMade(go: () => any): unknown {
  const made = go();
  if (made.contentType == "text/html") quiet(made);
  return made;
}

/** The text with its marks, where it needs any. */
function quieted(text: string): string {
  // What is written may go on in the next call, within a tag or a value: both are closed for the parser.
  const close = text.lastIndexOf("<") > text.lastIndexOf(">") ? `"'` : "";
  // A template takes rows and cells as they are.
  const template = parse(`<template>${text}${close}${END}-->`).querySelector("template")!;
  return quiet(template.content) ? template.innerHTML.split(END)[0]! : text;
}

/** How many addresses became marks. */
function quiet(root: ParentNode): number {
  let marked = 0;
  for (const element of root.querySelectorAll<any>(`template,${KINDS}`)) {
    if (element.content) marked += quiet(element.content);
    for (const { name, value } of [...element.attributes]) {
      if (ADDRESS.exec(name) && names(value)) {
        element.removeAttribute(name);
        element.setAttribute(`data-held-${name}`, value);
        marked++;
      }
    }
  }
  return marked;
}
