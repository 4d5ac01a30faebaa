/** Picture of a switch; `aria-checked` around it tells which way it stands. */

import type { Make } from "./element";

export function track(make: Make): HTMLElement {
  return make("span", { className: "track" }, make("span", { className: "knob" }));
}
