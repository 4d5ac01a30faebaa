/**
 * The settings: a dialog with a switch for each right. Turning one off takes effect at once; turning it on leads to
 * the confirmation page. Escape and the cross close it, and choose nothing.
 */

import { closer } from "../ui/element";
import type { Given, Settings } from "./asking";
import { more } from "./more";
import { toggle } from "./toggle";

/** The look of the settings, over that of everything else. */
const STYLES =
  "dialog[open]~.dock{visibility:hidden}" +
  "dialog{padding:1.5em;width:36em;max-width:calc(100% - 2em);max-height:calc(100% - 2em);margin:auto}" +
  "::backdrop{background:#0009}" +
  ".setting{display:flex;gap:1em;align-items:center;margin:1em 0;padding-top:1em;border-top:1px solid #8888}" +
  "form button{padding:.6em 0;text-decoration:underline}" +
  "h3,b{font-weight:600;margin-bottom:.3em}" +
  "b{display:block;margin-top:.8em}" +
  "[aria-checked=true] .track{color:#fff;background:var(--a);border-color:var(--a)}" +
  "[aria-checked=true] .knob{margin-inline-start:auto}";

export function dialog({ make, lang, texts, sensitive, page, choose, closed, leaving }: Given): Settings {
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
    more(make, texts, page, lang, leaving),
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
    styles: STYLES,
    update(flag) {
      sale.set(flag.sale === "allowed" && flag.share === "allowed");
      if (use) use.set(flag.sensitive === "allowed");
      signal.hidden = flag.basis !== "gpc";
    },
  };
}
