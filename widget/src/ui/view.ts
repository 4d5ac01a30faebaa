/** The view: which of banner, status and settings is to be seen, given the flag. Decides nothing about the flag. */

import type { Cell } from "../core/cell";
import type { Allowing } from "../core/manager";
import type { Flag, Method, Show } from "../core/protocol";
import { lettersOf } from "../core/settle";
import { banner } from "./banner";
import { hint } from "./hint";
import { settings } from "./settings";
import { shell } from "./shell";
import { status } from "./status";
import type { Texts } from "./texts";

export interface Acts {
  /** The visitor goes to the choices page: what its form says. */
  leave(): Readonly<Record<string, string>>;
  optOut(method: Method): void;
  /** Called in the visitor's click. */
  allow(method: Method): Promise<Allowing>;
}

export interface View {
  update(flag: Flag, show: Show): void;
  open(invoker: HTMLElement | null): void;
}

/**
 * @param page the address of the service's own page about these choices
 * @param closed what the visitor closed in this session: letters b (banner), s (status)
 */
export function view(doc: Document, lang: string, texts: Texts, page: string, closed: Cell, acts: Acts): View {
  const told = hint(doc, texts);
  let chosen = false;
  let last: { flag: Flag; show: Show } | undefined;

  function optOut(method: Method): void {
    chosen = true;
    told.clear();
    acts.optOut(method);
  }

  async function allow(method: Method, event: Event, place: Element): Promise<void> {
    // Only a person opts in: a click that a script made is none.
    if (!event.isTrusted) return;
    told.clear();
    const came = await acts.allow(method);
    if (came.kind === "confirm") told.show(place, texts.confirm_text, came.url);
    if (came.kind === "failed") told.show(place, texts.failed, null);
  }

  function close(letter: string): void {
    closed.write((closed.read() || "") + letter);
    draw();
  }

  const foot = banner(doc, texts, {
    optOut: () => optOut("banner"),
    keep: (event, place) => void allow("banner", event, place),
    close: () => close("b"),
  });
  const dialog = settings(doc, texts, page, {
    leave: acts.leave,
    choose: (yes, event, place) => (yes ? void allow("settings", event, place) : optOut("settings")),
    closed: () => told.clear(),
  });
  const chip = status(doc, texts, {
    settings: () => open(null),
    close() {
      chosen = false;
      close("s");
    },
  });
  shell(doc, lang).append(chip.root, foot.root, dialog.root);

  function open(invoker: HTMLElement | null): void {
    dialog.open(invoker);
  }

  function draw(): void {
    if (!last) return;
    const { flag, show } = last;
    const gone = closed.read() || "";
    const allowed = flag.sale === "allowed" && flag.share === "allowed";
    if (show.banner && !gone.includes("b")) foot.show(allowed);
    else foot.hide();
    if (show.honored && !gone.includes("s")) chip.show(texts.honored);
    else if (chosen && !allowed) chip.show(texts.opted_out);
    else chip.hide();
    dialog.update(flag);
  }

  return {
    update(flag, show) {
      if (last && lettersOf(last.flag) !== lettersOf(flag)) told.clear();
      last = { flag, show };
      draw();
    },
    open,
  };
}
