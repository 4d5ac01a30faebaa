/** A switch that says its state in words. Its name is the right itself, so that no answer is a double negative. */

import { track, type Make } from "../ui/element";
import type { Texts } from "../ui/texts";
import type { Subject } from "./asking";

export interface Toggle {
  readonly root: HTMLElement;
  set(allowed: boolean): void;
}

/** @param choose called with what the visitor wants: false stops it */
export function toggle(
  make: Make,
  texts: Texts,
  subject: Subject,
  choose: (subject: Subject, allow: boolean, event: Event) => void,
): Toggle {
  const state = make("b", { role: "status" });
  const lever = make(
    "button",
    {
      id: `privacy-choices-switch${subject === "sensitive" ? "-sensitive" : ""}`,
      role: "switch",
      ariaLabel: texts[subject],
      onclick: (event) => choose(subject, lever.ariaChecked === "false", event),
    },
    track(make),
  );
  const words = make("div", { className: "words" }, make("h3", {}, texts[subject]), texts[`${subject}_text`], state);
  return {
    root: make("div", { className: "setting" }, words, lever),
    set(allowed) {
      lever.ariaChecked = `${allowed}`;
      state.textContent = texts[`${subject}_${allowed ? "on" : "off"}`];
    },
  };
}
