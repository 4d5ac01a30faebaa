/**
 * The link of CCPA regs § 7015. Sites place it as any `[data-privacy-choices]` element, which may ask for the icon;
 * where a page has none, the widget places one of its own at the end.
 */

import { quietly } from "../quietly";
import { icon } from "./icon";

/**
 * Looks at the page again: which links want their icon, and whether one of our own is needed.
 *
 * @param own the widget's link; false where the site wants none
 * @param end where it goes
 */
export function placeLinks(doc: Document, own: HTMLElement | false, end: HTMLElement): void {
  // Where an element of the page hides the method, none is found.
  const placed = quietly(() => [...doc.querySelectorAll<HTMLElement>("[data-privacy-choices]")]) || [];
  for (const link of placed) {
    if (link.dataset.privacyChoices === "icon" && !link.querySelector("svg")) link.append(icon(doc));
  }
  // What comes later may still hold the site's own.
  if (own && doc.readyState === "complete") end.replaceChildren(...(placed.length ? [] : [own]));
}
