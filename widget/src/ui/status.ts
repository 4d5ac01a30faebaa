/** The status: says that the opt-out is honoured (CCPA regs § 7025(c)(6)), and leads to the settings. */

import { element } from "./element";
import type { Texts } from "./texts";

export interface Status {
  readonly root: HTMLElement;
  show(text: string): void;
  hide(): void;
}

export function status(doc: Document, texts: Texts, acts: { settings(): void; close(): void }): Status {
  const words = element(doc, "span", { id: "privacy-choices-status", role: "status" });
  const settings = { id: "privacy-choices-settings", type: "button", onclick: acts.settings };
  const close = {
    id: "privacy-choices-status-close",
    class: "close",
    type: "button",
    "aria-label": texts.close,
    onclick: acts.close,
  };
  const rest = [element(doc, "button", settings, texts.link), element(doc, "button", close, "\u00d7")];
  // The live region is there, empty, before it speaks: one that appears with its text is not read out.
  const root = element(doc, "div", {}, words);
  return {
    root,
    show(text) {
      if (words.textContent === text) return;
      root.className = "chip";
      root.append(...rest);
      words.textContent = text;
    },
    hide() {
      root.className = "";
      rest.forEach((part) => part.remove());
      words.textContent = "";
    },
  };
}
