/** The banner: two equal choices at the foot of the page. It takes no focus, and closing it chooses nothing. */

import { element } from "./element";
import type { Texts } from "./texts";

export interface BannerActs {
  optOut(): void;
  keep(event: Event, place: Element): void;
  close(): void;
}

export interface Banner {
  readonly root: HTMLElement;
  /** @param allowed whether sale and sharing are allowed as things are */
  show(allowed: boolean): void;
  hide(): void;
}

export function banner(doc: Document, texts: Texts, acts: BannerActs): Banner {
  const text = element(doc, "p");
  const inner = element(doc, "div", { class: "inner" });
  const optOut = { id: "privacy-choices-opt-out", class: "choice", type: "button", onclick: acts.optOut };
  const keep = element(doc, "button", {
    id: "privacy-choices-keep",
    class: "choice",
    type: "button",
    onclick: (event) => acts.keep(event, inner),
  });
  const close = {
    id: "privacy-choices-close",
    class: "close corner",
    type: "button",
    "aria-label": texts.close,
    onclick: acts.close,
  };
  inner.append(
    element(doc, "h2", {}, texts.banner_title),
    text,
    element(doc, "div", { class: "row" }, element(doc, "button", optOut, texts.opt_out), keep),
    element(doc, "button", close, "\u00d7"),
  );
  const root = element(doc, "section", { id: "privacy-choices-banner", "aria-label": texts.banner_title }, inner);
  root.hidden = true;
  return {
    root,
    show(allowed) {
      // "Keep as is" must mean that: where nothing is allowed yet, the same button says what it would change.
      text.textContent = allowed ? texts.banner_text : texts.banner_text_denied;
      keep.textContent = allowed ? texts.keep : texts.allow;
      root.hidden = false;
    },
    hide() {
      root.hidden = true;
    },
  };
}
