/**
 * The hint: what came of asking to allow, said where it was asked. It moves into the banner or the dialog, because a
 * modal dialog makes everything outside it unreachable.
 */

import type { Make } from "./element";
import type { Texts } from "./texts";

/** Says the text in that place, and gives a link to the confirmation page when there is one. No text takes it away. */
export type Hint = (text: string, place?: Element, url?: string) => void;

export function hint(make: Make, texts: Texts): Hint {
  const box = make("p", { className: "hint", role: "status" });
  return (text, place, href) => {
    place?.append(box);
    box.textContent = text;
    const link = { id: "privacy-choices-confirm", href, target: "_blank" };
    if (href) box.append(" ", make("a", link as Partial<HTMLAnchorElement>, texts.confirm));
  };
}
