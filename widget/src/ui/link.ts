/**
 * The link of CCPA regs § 7015. Sites place it as any `[data-privacy-choices]` element, which may ask for the icon;
 * where a page has none, the widget places one of its own at the end. One in an open shadow root is the page's own, too.
 */

import { quietly } from "../quietly";
import { icon } from "./icon";

export const LINK = "[data-privacy-choices]";

/**
 * Returns the function that looks at the page again: which links want their icon, and whether one of our own is needed.
 *
 * @param own the widget's link; false where the site wants none
 * @param end where it goes
 */
export function linksOf(doc: Document, own: HTMLElement | false, end: HTMLElement): () => void {
  /** Those that were seen in shadow roots; some may be gone again. */
  const inside = new Set<HTMLElement>();
  let walked = false;

  function look(): void {
    // What comes later may still hold the site's own.
    const parsed = doc.readyState != "loading";
    if (own && parsed && !walked) {
      walked = true;
      quietly(() => watchRoots(doc, gather));
    }
    // Where an element of the page hides the method, none is found.
    const placed = quietly(() => [...doc.querySelectorAll<HTMLElement>(LINK), ...inside]) || [];
    const there = placed.filter((link) => link.isConnected);
    for (const link of there) {
      if (link.dataset.privacyChoices == "icon" && !link.querySelector("svg")) link.append(icon(doc));
    }
    const needed = own && parsed && !there[0];
    // Put there anew it would lose the focus.
    if (own && needed != own.isConnected) end.replaceChildren(...(needed ? [own] : []));
  }

  function gather(root: ShadowRoot): void {
    for (const link of root.querySelectorAll<HTMLElement>(LINK)) inside.add(link);
    look();
  }

  return look;
}

/**
 * Calls `changed` with every open shadow root, whenever its content is another. No event tells of a new root, and
 * nothing finds one but a walk over all elements: one walk finds those that are there, the method tells of the others.
 */
function watchRoots(doc: Document, changed: (root: ShadowRoot) => void): void {
  function watch(root: ShadowRoot | null): void {
    if (root?.mode != "open") return;
    new MutationObserver(() => changed(root)).observe(root, {
      childList: true,
      subtree: true,
      attributeFilter: ["data-privacy-choices"],
    });
    walk(root);
    changed(root);
  }

  function walk(from: ParentNode): void {
    for (const { shadowRoot } of from.querySelectorAll("*")) watch(shadowRoot);
  }

  const { prototype } = (window as unknown as { Element: typeof Element }).Element; // the page's own, for all who call it
  const { attachShadow } = prototype;
  prototype.attachShadow = function (...given) {
    const root = attachShadow.apply(this, given);
    quietly(() => watch(root));
    return root;
  };
  walk(doc);
}
