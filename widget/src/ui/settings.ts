/**
 * The settings: a dialog with one switch that says its state in words. Turning it off takes effect at once; turning
 * it on leads to the confirmation page.
 */

import type { Flag } from "../core/protocol";
import { element } from "./element";
import { more } from "./more";
import type { Texts } from "./texts";

export interface SettingsActs {
  /** Called with what the visitor wants: false stops sale and sharing. */
  choose(allow: boolean, event: Event, place: Element): void;
  closed(): void;
  leave(): Readonly<Record<string, string>>;
}

export interface Settings {
  readonly root: HTMLElement;
  update(flag: Flag): void;
  open(invoker: HTMLElement | null): void;
}

export function settings(doc: Document, texts: Texts, page: string, acts: SettingsActs): Settings {
  const title = element(doc, "h2", { id: "privacy-choices-title", tabindex: "-1" }, texts.link);
  const label = element(doc, "span", { id: "privacy-choices-label" }, texts.sale_share);
  const state = element(doc, "span", { id: "privacy-choices-state", class: "state", role: "status" });
  const signal = element(doc, "p", {}, texts.signal);
  const extra = element(doc, "div");
  const track = { class: "track", "aria-hidden": "true" };
  const toggle: HTMLButtonElement = element(
    doc,
    "button",
    {
      id: "privacy-choices-switch",
      class: "switch",
      type: "button",
      role: "switch",
      "aria-labelledby": "privacy-choices-label",
      "aria-describedby": "privacy-choices-state",
      onclick: (event) => acts.choose(toggle.getAttribute("aria-checked") !== "true", event, extra),
    },
    element(doc, "span", track, element(doc, "span", { class: "knob" })),
  );
  const close = { id: "privacy-choices-settings-close", type: "button", onclick: () => root.close() };
  const root: HTMLDialogElement = element(
    doc,
    "dialog",
    { id: "privacy-choices-dialog", role: "dialog", "aria-labelledby": "privacy-choices-title" },
    title,
    element(doc, "p", {}, texts.settings_text),
    element(doc, "div", { class: "setting" }, element(doc, "div", {}, label, state), toggle),
    signal,
    extra,
    element(doc, "div", { class: "row" }, element(doc, "button", close, texts.close), more(doc, texts, page, acts.leave)),
  );
  let invoker: HTMLElement | null = null;
  root.addEventListener("close", () => {
    if (invoker && invoker.isConnected) invoker.focus();
    acts.closed();
  });
  return {
    root,
    update(flag) {
      const allowed = flag.sale === "allowed" && flag.share === "allowed";
      toggle.setAttribute("aria-checked", String(allowed));
      state.textContent = allowed ? texts.sale_share_on : texts.sale_share_off;
      signal.hidden = flag.basis !== "gpc";
    },
    open(from) {
      if (root.open) return;
      invoker = from;
      // The rest of the page is inert and Escape closes: the browser does both.
      root.showModal();
      title.focus();
    },
  };
}
