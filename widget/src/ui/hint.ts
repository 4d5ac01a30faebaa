/**
 * The hint: what came of asking to allow, said where it was asked. It moves into the banner or the dialog, because a
 * modal dialog makes everything outside it unreachable.
 */

import { element } from "./element";
import type { Texts } from "./texts";

export interface Hint {
  /** The text, and a link to the confirmation page when there is one; null takes it away. */
  show(place: Element, text: string, url: string | null): void;
  clear(): void;
}

export function hint(doc: Document, texts: Texts): Hint {
  const box = element(doc, "div", { class: "hint", role: "status" });
  return {
    show(place, text, url) {
      place.append(box);
      box.replaceChildren(element(doc, "p", {}, text));
      // The page pokes its opener when it is done, so it has to have one.
      if (url) {
        const link = { id: "privacy-choices-confirm", href: url, target: "_blank", rel: "opener" };
        box.append(element(doc, "a", link, texts.confirm));
      }
    },
    clear: () => box.replaceChildren(),
  };
}
