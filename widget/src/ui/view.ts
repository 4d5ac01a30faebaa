/** The view: which of question, status, settings and link is to be seen, given the flag. Decides nothing about it. */

import type { Flag, Method, Show } from "../core/protocol";
import { lettersOf } from "../core/settle";
import type { Asking, Build, Settings, Subject } from "../settings/asking";
import { acting } from "./acting";
import type { Acts, Stage, View } from "./asking";
import { maker } from "./element";
import { hint } from "./hint";
import { icon } from "./icon";
import { linksOf } from "./link";
import { question } from "./question";
import { shell } from "./shell";
import { status } from "./status";
import type { Texts } from "./texts";

export function view(texts: Texts, looks: string, { win, config, lang, nonce, load, closed, noticed }: Stage, acts: Acts): View {
  const doc = win.document;
  const make = maker(doc);
  const click = acting(win, acts);
  const tell = hint(make, texts);
  const { root, end, dock, dress } = shell(doc, make, { lang, dir: texts.dir }, config.look || "bar", looks, nonce);
  const href = `${config.service}/s/${config.rule.s}/privacy-choices`;
  const id = "privacy-choices-link";
  const own = make("a", { id, className: "card link", href, onclick: openOwn }, texts.link, " ", icon(doc));
  const look = linksOf(doc, !!config.link && !config.frictionless && own, end);
  const box = question(make, texts, {
    optOut: () => restrict("sale_share", "banner"),
    keep: (event) => void allow("sale_share", "banner", event, box.place),
    close: () => close(noticing ? "n" : "b"),
  });
  const chip = status(make, texts, { open: () => open(chip.lever), close: () => close("s") });
  let chosen = false;
  let noticing = false;
  let last: { flag: Flag; show: Show } | undefined;
  let dialog: Settings | undefined;
  /** The settings could not be had: the question is asked in their place. */
  let instead = false;

  dock.append(chip.root);
  doc.addEventListener("readystatechange", draw);

  function restrict(subject: Subject, method: Method): void {
    chosen = chosen || subject === "sale_share";
    instead = false;
    tell("");
    click.restrict(subject, method);
  }

  async function allow(subject: Subject, method: Method, event: Event, place: Element): Promise<void> {
    // Only a person opts in: a click that a script made is none.
    if (!event.isTrusted) return;
    tell("");
    const came = await click.allow(subject, method);
    if (came.kind === "confirm") tell(texts.confirm_text, place, came.url);
    if (came.kind === "failed") tell(texts.failed, place);
  }

  function gone(letter: string): boolean {
    return (closed.read() || "").includes(letter);
  }

  function close(letter: string): void {
    chosen = chosen && letter !== "s";
    instead = false;
    closed.write((closed.read() || "") + letter);
    draw();
  }

  function openOwn(event: Event): void {
    event.preventDefault();
    open(own);
  }

  function open(invoker: HTMLElement | null): void {
    // Not every browser focuses what is clicked; a dialog that closes gives the focus back to where it was.
    invoker?.focus();
    had()
      .then((build) => {
        dialog = dialog || built(build);
        draw();
        // The rest of the page is inert and Escape closes: the browser does both.
        if (!dialog.root.open) dialog.root.showModal();
        seen();
      })
      .catch(() => {
        instead = true;
        draw();
        box.first.focus();
      });
  }

  /** The settings' bundle: most visitors never open them, so it is fetched for those who do. */
  function had(): Promise<Build> {
    return new Promise((built, onerror) => {
      if (dialog) return built(() => dialog as Settings);
      const asking: Asking & Partial<HTMLScriptElement> = { built, onerror };
      load(config.settings, asking);
    });
  }

  function built(build: Build): Settings {
    const made = build({
      make,
      lang,
      texts,
      sensitive: config.sensitive,
      page: href,
      choose: (subject, yes, event) =>
        yes ? void allow(subject, "settings", event, made.place) : restrict(subject, "settings"),
      closed() {
        tell("");
        seen();
      },
      leaving: acts.leaving,
    });
    dress(made.styles);
    root.prepend(made.root);
    return made;
  }

  function draw(): void {
    drawAll();
    seen();
  }

  function seen(): void {
    acts.seen(box.root.isConnected || !!dialog?.root.open);
  }

  function drawAll(): void {
    look();
    if (!last) return;
    const { flag, show } = last;
    dialog?.update(flag);
    // CCPA regs § 7025(f)(3): in response to a signal nothing pops up.
    if (config.frictionless && !instead) return box.root.remove();
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
      box.say("conflict", texts.conflict_text, texts.conflict_keep, texts.allow);
    } else if (!instead && (!banner || gone("b"))) {
      return box.root.remove();
    } else if (allowed) {
      box.say("banner", texts.banner_text, texts.opt_out, texts.keep);
    } else {
      // "Keep as is" must mean that: where nothing is allowed yet, the same button says what it would change.
      box.say("banner", texts.banner_text_denied, texts.opt_out, texts.allow);
    }
    if (!box.root.isConnected) dock.append(box.root);
  }

  return {
    look,
    update(flag, show) {
      if (last && lettersOf(last.flag) !== lettersOf(flag)) tell("");
      last = { flag, show };
      draw();
    },
    open,
  };
}
