/**
 * The status: one line that says that the opt-out is honoured, and a toggle that shows it and leads to the settings
 * (CCPA regs §§ 7025(c)(6), 7026(g)).
 */

import { closer, track, type Make } from "./element";
import type { Texts } from "./texts";

export interface Status {
  readonly root: HTMLElement;
  /** Leads to the settings; in the document only while something is said. */
  readonly lever: HTMLElement;
  /** An empty text says nothing and shows nothing. */
  say(text: string): void;
}

export function status(make: Make, texts: Texts, acts: { open(): void; close(): void }): Status {
  const words = make("span", { id: "privacy-choices-status", role: "status" });
  const ariaLabel = `${texts.sale_share}: ${texts.sale_share_off}`;
  const lever = make("button", { id: "privacy-choices-settings", ariaLabel, onclick: acts.open }, track(make));
  const shown = [words, lever, closer(make, "privacy-choices-status-close", texts.close, acts.close)];
  const root = make("div", {}, words);
  return {
    root,
    lever,
    say(text) {
      // A live region is read out when its text changes: it stays where it is, and isn't told the same twice.
      if (words.textContent === text) return;
      words.textContent = text;
      root.className = text && "card status";
      shown.slice(1).forEach((part) => (text ? root.append(part) : part.remove()));
    },
  };
}
