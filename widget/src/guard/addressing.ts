/**
 * Addressing: the ways in which scripts give an element its address: by property, by attribute, in
 * markup. An element without one may stand anywhere in the page; it loads nothing.
 */

import { quietly } from "../quietly";
import { holds } from "./holding";
import { hook } from "./hook";
import { ADDRESS, ADDRESSES, hookMarkup, KINDS, LOADING, quietMade } from "./markup";
import { apply, documents, each, elements } from "./taken";

// Not as the frame is made: a page that replaced the one method has rarely replaced the other.
const create = (kind: string) => apply(documents.createElementNS, document, [document.head.namespaceURI, kind]);

// What such objects have and inherit: the page may have put anything in the place of their classes.
each(KINDS, (kind) => hook(create(kind), ADDRESSES, (go, element, [value]) => holds(element, value, go) || go()));
const element = create("p");
const addressed = (go: () => unknown, element: Element, name: unknown, value: unknown) =>
  (ADDRESS.exec(name) && LOADING.exec(`<${element.localName}>`) && holds(element, value, go)) || go();
hook(element, "setAttribute", (go, element, [name, value]) => addressed(go, element, name, value));
hook(element, "setAttributeNS", (go, element, [, name, value]) => addressed(go, element, name, value));
hook(element, "setAttributeNode setAttributeNodeNS", (go, element, [{ name, value }]) => addressed(go, element, name, value));
for (const object of [
  element,
  quietly(() => apply(elements.attachShadow, element, [{ mode: "open" }])),
  quietly(() => apply(documents.createRange, document, [])),
  document,
]) {
  hook(object, "innerHTML outerHTML insertAdjacentHTML createContextualFragment setHTMLUnsafe write writeln", hookMarkup);
}
hook(quietly(() => new window.DOMParser()), "parseFromString", quietMade);
