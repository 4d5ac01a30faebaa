/**
 * The question: two equal choices at the foot of the page, as banner or, where a signal meets a stored opt-in, as
 * notice of the conflict. It takes no focus, and closing it chooses nothing (CCPA regs § 7004(a)).
 */

import { closer, type Make } from "./element";
import type { Texts } from "./texts";

export interface QuestionActs {
  optOut(): void;
  keep(event: Event): void;
  close(): void;
}

export interface Question {
  readonly root: HTMLElement;
  /** Place for the answer to a choice made here. */
  readonly place: HTMLElement;
  /** Its first choice. */
  readonly first: HTMLElement;
  say(kind: "banner" | "conflict", ...texts: [text: string, optOut: string, keep: string]): void;
}

export function question(make: Make, texts: Texts, { optOut, keep, close }: QuestionActs): Question {
  const words = make("p");
  // One class for both: whatever a theme sets, size, colour and place stay equal.
  const className = "choice";
  const first = make("button", { id: "privacy-choices-opt-out", className, onclick: optOut });
  const choices = [first, make("button", { id: "privacy-choices-keep", className, onclick: keep })];
  const place = make("div", { className: "words" }, make("h2", {}, texts.banner_title), words);
  const root = make(
    "section",
    { className: "card banner", ariaLabel: texts.banner_title },
    place,
    make("div", { className: "choices" }, ...choices),
    closer(make, "privacy-choices-close", texts.close, close),
  );
  return {
    root,
    place,
    first,
    say(kind, ...texts) {
      root.id = `privacy-choices-${kind}`;
      [words, ...choices].forEach((element, at) => (element.textContent = texts[at] as string));
    },
  };
}
