/** A switch that says its state in words. Its name is the right itself, so that no answer is a double negative. */

import type { Make } from "./element";
import type { Texts } from "./texts";

/** What a switch is about, as the texts' keys begin. */
export type Subject = "sale_share" | "sensitive";

export interface Toggle {
  readonly root: HTMLElement;
  set(allowed: boolean): void;
}

/** What a switch looks like; `aria-checked` around it tells which way it stands. */
export function track(make: Make): HTMLElement {
  return make("span", { className: "track" }, make("span", { className: "knob" }));
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
