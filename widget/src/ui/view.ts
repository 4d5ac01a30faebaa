/** The view: which of question, status, settings and link is to be seen, given the flag. Decides nothing about it. */

import type { Cell } from "../core/cell";
import type { Allowing } from "../core/manager";
import type { Config, Flag, Method, Show } from "../core/protocol";
import { lettersOf } from "../core/settle";
import { maker } from "./element";
import { hint } from "./hint";
import { icon } from "./icon";
import { placeLinks } from "./link";
import { question } from "./question";
import { settings, type Settings } from "./settings";
import { shell } from "./shell";
import { status } from "./status";
import type { Texts } from "./texts";
import type { Subject } from "./toggle";

export interface Acts {
  /** The visitor goes to the choices page: what its form says. */
  leave(): Readonly<Record<string, string>>;
  /** Stops sale and sharing, or limits the use of what is sensitive. */
  restrict(subject: Subject, method: Method): void;
  /** Called in the visitor's click. */
  allow(subject: Subject, method: Method): Promise<Allowing>;
}

export interface View {
  update(flag: Flag, show: Show): void;
  open(invoker: HTMLElement | null): void;
}

export interface Stage {
  readonly doc: Document;
  readonly config: Config;
  readonly lang: string;
  readonly texts: Texts;
  readonly nonce: string;
  /** What the visitor closed in this session: letters b (banner), n (notice), s (status). */
  readonly closed: Cell;
  /** Whether the notice of a conflict has been shown on this device. */
  readonly noticed: Cell;
}

export function view({ doc, config, lang, texts, nonce, closed, noticed }: Stage, acts: Acts): View {
  const make = maker(doc);
  const tell = hint(make, texts);
  const { root, end, dock } = shell(doc, make, { lang, dir: texts.dir }, config.look || "bar", nonce);
  const href = `${config.service}/s/${config.rule.s}/privacy-choices`;
  const id = "privacy-choices-link";
  const own = make("a", { id, className: "card link", href, onclick: openOwn }, texts.link, " ", icon(doc));
  const asked = question(make, texts, {
    optOut: () => restrict("sale_share", "banner"),
    keep: (event) => void allow("sale_share", "banner", event, asked.place),
    close: () => close(noticing ? "n" : "b"),
  });
  const chip = status(make, texts, { open: () => open(chip.lever), close: () => close("s") });
  let chosen = false;
  let noticing = false;
  let last: { flag: Flag; show: Show } | undefined;
  let dialog: Settings | undefined;

  dock.append(chip.root);
  doc.addEventListener("readystatechange", draw);

  function restrict(subject: Subject, method: Method): void {
    chosen = chosen || subject === "sale_share";
    tell("");
    acts.restrict(subject, method);
  }

  async function allow(subject: Subject, method: Method, event: Event, place: Element): Promise<void> {
    // Only a person opts in: a click that a script made is none.
    if (!event.isTrusted) return;
    tell("");
    const came = await acts.allow(subject, method);
    if (came.kind === "confirm") tell(texts.confirm_text, place, came.url);
    if (came.kind === "failed") tell(texts.failed, place);
  }

  function gone(letter: string): boolean {
    return (closed.read() || "").includes(letter);
  }

  function close(letter: string): void {
    chosen = chosen && letter !== "s";
    closed.write((closed.read() || "") + letter);
    draw();
  }

  function openOwn(event: Event): void {
    event.preventDefault();
    open(own);
  }

  function open(invoker: HTMLElement | null): void {
    // Not every browser focuses what is clicked; a dialog that closes gives the focus back to where it was.
    if (invoker) invoker.focus();
    // Most visitors never open it, so it is built for those who do.
    dialog = dialog || built();
    draw();
    // The rest of the page is inert and Escape closes: the browser does both.
    if (!dialog.root.open) dialog.root.showModal();
  }

  function built(): Settings {
    const made = settings(make, texts, config.sensitive, href, {
      leave: acts.leave,
      choose: (subject, yes, event) =>
        yes ? void allow(subject, "settings", event, made.place) : restrict(subject, "settings"),
      closed: () => tell(""),
    });
    root.prepend(made.root);
    return made;
  }

  function draw(): void {
    placeLinks(doc, config.link && !config.frictionless && own, end);
    if (!last) return;
    const { flag, show } = last;
    if (dialog) dialog.update(flag);
    // CCPA regs § 7025(f)(3): in response to a signal nothing pops up.
    if (config.frictionless) return;
    const held = dock.contains(root.activeElement);
    const allowed = flag.sale === "allowed" && flag.share === "allowed";
    drawQuestion(show, allowed);
    if (show.honored && !gone("s")) chip.say(texts.honored);
    else chip.say(chosen && !allowed ? texts.opted_out : "");
    // The focus is never lost to the page's start: it goes on from where the question stood.
    if (held && !root.activeElement) (chip.lever.isConnected ? chip.lever : end).focus({ preventScroll: true });
  }

  function drawQuestion({ banner, conflict }: Show, allowed: boolean): void {
    noticing = conflict && !gone("n") && (noticing || !noticed.read());
    if (noticing) {
      noticed.write("1");
      asked.say("conflict", texts.conflict_text, texts.conflict_keep, texts.allow);
    } else if (!banner || gone("b")) {
      return asked.root.remove();
    } else if (allowed) {
      asked.say("banner", texts.banner_text, texts.opt_out, texts.keep);
    } else {
      // "Keep as is" must mean that: where nothing is allowed yet, the same button says what it would change.
      asked.say("banner", texts.banner_text_denied, texts.opt_out, texts.allow);
    }
    if (!asked.root.isConnected) dock.append(asked.root);
  }

  return {
    update(flag, show) {
      if (last && lettersOf(last.flag) !== lettersOf(flag)) tell("");
      last = { flag, show };
      draw();
    },
    open,
  };
}
