/**
 * The settings: a dialog with a switch for each right. Turning one off takes effect at once; turning it on leads to
 * the confirmation page. Escape and the cross close it, and choose nothing.
 */

import type { Flag } from "../core/protocol";
import { closer, type Make } from "./element";
import { more } from "./more";
import type { Texts } from "./texts";
import { toggle, type Subject } from "./toggle";

export interface SettingsActs {
  choose(subject: Subject, allow: boolean, event: Event): void;
  closed(): void;
  leave(): Readonly<Record<string, string>>;
}

export interface Settings {
  readonly root: HTMLDialogElement;
  /** Where an answer to a choice made here is said. */
  readonly place: HTMLElement;
  update(flag: Flag): void;
}

/**
 * @param sensitive whether the site uses sensitive personal information for more than its service needs
 * @param page the address of the service's own page about these choices
 */
export function settings(
  make: Make,
  texts: Texts,
  sensitive: boolean | undefined,
  page: string,
  { choose, closed, leave }: SettingsActs,
): Settings {
  const signal = make("p", {}, texts.signal);
  const sale = toggle(make, texts, "sale_share", choose);
  const use = sensitive && toggle(make, texts, "sensitive", choose);
  const place = make("div", {}, sale.root, use ? use.root : "");
  const root = make(
    "dialog",
    { id: "privacy-choices-dialog", className: "card", ariaLabel: texts.link, onclose: closed, onkeydown: wrap },
    make("h2", { id: "privacy-choices-title", tabIndex: -1, autofocus: true }, texts.link),
    make("p", {}, texts.settings_text),
    place,
    signal,
    more(make, texts, page, leave),
    closer(make, "privacy-choices-settings-close", texts.close, () => root.close()),
  );

  /** Tab goes round: a modal dialog alone lets it out into the browser's own bars. */
  function wrap(event: KeyboardEvent): void {
    if (event.key !== "Tab") return;
    event.preventDefault();
    const stops = Array.from(root.querySelectorAll<HTMLElement>("h2,a,button"));
    const next = stops.indexOf(event.target as HTMLElement) + (event.shiftKey ? stops.length - 1 : 1);
    (stops[next % stops.length] as HTMLElement).focus();
  }

  return {
    root,
    place,
    update(flag) {
      sale.set(flag.sale === "allowed" && flag.share === "allowed");
      if (use) use.set(flag.sensitive === "allowed");
      signal.hidden = flag.basis !== "gpc";
    },
  };
}
