/**
 * Addressing: the ways in which scripts give an element its address: by property, by attribute, in
 * markup. An element without one may stand anywhere in the page; it loads nothing.
 */

import { holds } from "./holding";
import { hook } from "./hook";
import { ADDRESS, hookMarkup, LOADING, quietMade } from "./markup";

export function hookAddressing(): void {
  for (const kind of ["Script", "IFrame", "Image", "Link", "Source"]) {
    hook((window as any)[`HTML${kind}Element`]?.prototype, "src srcset href", (go, element, [value]) =>
      holds(element, value, go) || go(),
    );
  }
  for (const { prototype } of [Element, ShadowRoot, Document, Range]) {
    hook(prototype, "setAttribute setAttributeNS setAttributeNode setAttributeNodeNS", (go, element, given) => {
      const last = given[given.length - 1];
      const asked = given[given.length - 2]; // a node brings both, and stands alone
      const name = asked ?? last?.name;
      const value = asked == null ? last?.value : last;
      return (ADDRESS.exec(name) && LOADING.exec(`<${element.localName}>`) && holds(element, value, go)) || go();
    });
    hook(
      prototype,
      "innerHTML outerHTML insertAdjacentHTML createContextualFragment setHTMLUnsafe write writeln",
      hookMarkup,
    );
  }
  hook(DOMParser.prototype, "parseFromString", quietMade);
}
