/** Wires core, page and view together. Everything comes in as a parameter, the window too. */

import { manage, type Manager } from "./core/manager";
import type { Flag, Method } from "./core/protocol";
import type { Restriction } from "./core/settle";
import { obeying } from "./obeying";
import { nameOf, partsOf, storedIn, type Host } from "./parts";
import { loader } from "./page/loading";
import { quietly } from "./quietly";
import { takeBack } from "./page/returning";
import { tabs } from "./page/tabs";
import { trust } from "./page/trust";
import { viewIn } from "./page/viewing";
import { watchViews } from "./page/views";
import { speaking } from "./speaking";
import { LINK } from "./ui/link";
import type { View } from "./ui/asking";

const OPT_OUT = { sale_share: "opt_out" } as const;

/** Calls of `window.privacyChoices`. */
export interface PrivacyChoices {
  flag(): Flag;
  readonly ready: Promise<Flag>;
  /** Calls `act` with the flag on every `change`; returns the function that ends it. */
  on(event: string, act: (flag: Flag) => void): () => void;
  open(): void;
  optOut(): void;
}

export interface Wired {
  readonly api: PrivacyChoices;
  /** Opens the gate and asks the service. Whoever opted out while the script was on its way comes before. */
  readonly begin: () => Promise<void>;
}

export function setup(host: Host): Wired {
  const { win, config, nonce } = host;
  const doc = win.document;
  let { lang } = config;
  const stored = storedIn(host);
  const parts = partsOf(host, stored, () => lang);
  const trusted = trust(win);
  const load = loader(doc, nonce, trusted, host.extras.natives);
  let shown: View | undefined;
  let drawing: Promise<void> | undefined;
  let drawAgain = () => {};
  let obey = () => {};
  let settled: (flag: Flag) => void;
  const ready = new Promise<Flag>((done) => {
    settled = done;
  });

  const made = stored("_state", "sessionStorage");
  const brought = takeBack(win, made);
  const written = stored("_w");
  // Another tab, opened at the same moment with the signal, may have written the string that this one would write.
  const own = `${written.read()}; usprivacy=${parts.gpc && config.rule.u[1]}`;
  // Fails where the site has no such extra.
  const earlier = quietly(() => host.extras.earlier!(host, parts.cookie.read, own, stored("_p")));
  const manager: Manager = manage({
    ...parts,
    brought,
    unread: () => !!earlier?.unread(),
    updated(flag, changed) {
      if (changed) win.dispatchEvent(new CustomEvent("privacychoices:change", { detail: flag }));
      quietly(obey);
      quietly(() => speech.update(flag, () => (shown ? quietly(() => shown!.update(flag, manager.show())) : drawAgain())));
    },
    wrote: () => siblings.tell(),
  });
  const resume = () => void manager.resume();
  const siblings = tabs(win, nameOf(config), manager.overtaken, () => {
    manager.overtaken();
    resume();
  });
  const speech = speaking(host, written, manager);
  const tags = obeying(host, manager.flag, trusted, load);

  /** Whoever opts out may want what had run gone from the page: it is loaded again once the service knows. */
  async function restrict(choice: Restriction, method: Method): Promise<void> {
    await manager.restrict(choice, method);
    // Where no cookie can be kept the choice would be gone as well.
    if (config.reload && parts.storage && tags.regrets()) win.location.reload();
  }

  /** Restrict what was denied before: it holds as long as nobody has chosen here, in a cookie that any subdomain can set, too. */
  function honour(denied: Restriction | false | undefined): boolean {
    if (denied) void manager.restrict(denied, "prior_cmp");
    return !!denied;
  }

  const { read: record, write: rewrite } = parts.cookie;
  const leaving = { record, rewrite, remember: made.write, fresh: parts.clock.id };

  /** Resolves when the view is there, or could not be had for now. */
  function drawn(): Promise<void> {
    return (drawing = drawing || draw().catch(() => (drawing = undefined)));
  }

  async function draw(): Promise<void> {
    // Not before there is a body: what is put into a head that is still being parsed may be in a framework's way.
    await whenBody(doc);
    const spoken = await viewIn(config, doc.documentElement.lang, load);
    ({ lang } = spoken);
    const closed = stored("_closed", "sessionStorage");
    const stage = { win, config, lang, nonce, load, closed, noticed: stored("_n") };
    shown = spoken.draw(stage, { ...manager, restrict, leaving, seen: speech.seen });
  }

  async function open(invoker: Element | null): Promise<void> {
    await drawn();
    if (shown) quietly(() => shown!.open(invoker as HTMLElement | null));
    // The service's own page needs nothing of ours.
    else win.location.assign(`${config.service}/s/${config.rule.s}/privacy-choices`);
  }

  return {
    api: {
      flag: manager.flag,
      ready,
      on: (event, act) => listen(win, `privacychoices:${event}`, act),
      open: () => void open(doc.activeElement),
      optOut: () => void restrict(OPT_OUT, "api"),
    },
    async begin() {
      void drawn();
      openOnClick(doc, open);
      win.addEventListener("online", resume);
      win.addEventListener("pagehide", manager.leave);
      let restricted = honour(record() === undefined && parts.cookie.former() && OPT_OUT);
      if (earlier && (restricted || manager.unread() || !manager.known())) {
        restricted = honour(await earlier.read(load, brought)) || restricted;
        manager.refresh();
      }
      quietly(speech.begin);
      obey = tags.obey;
      obey();
      watchViews(
        win,
        (nodes) => {
          tags.added(nodes);
          shown?.look();
        },
        () => {
          tags.forget();
          resume();
        },
      );
      // Fails where the site has no such extra.
      quietly(() => host.extras.debug!(win, config.debug!, load, { flag: manager.flag, pending: manager.pending, ...tags, record }));
      await manager.start();
      // An import may deny more than that tool's cookie does.
      if (brought.result || (restricted && brought.prior)) await manager.ask();
      settled(manager.flag());
      drawAgain = () => void drawn().then(() => shown && manager.refresh());
      drawAgain(); // only now is it known what to show
    },
  };
}

function openOnClick(doc: Document, open: (invoker: Element) => unknown): void {
  doc.addEventListener("click", (event) => {
    // The way through open shadow roots too, which hide the target itself.
    const opener = event.composedPath().find((node): node is Element => !!quietly(() => (node as Element).matches(LINK)));
    if (!opener) return;
    event.preventDefault();
    open(opener);
  });
}

function listen(win: Window, name: string, act: (flag: Flag) => void): () => void {
  const listener = (event: Event) => act((event as CustomEvent<Flag>).detail);
  win.addEventListener(name, listener);
  return () => win.removeEventListener(name, listener);
}

function whenBody(doc: Document): Promise<void> {
  return new Promise((done) => {
    if (doc.body) done();
    else doc.addEventListener("DOMContentLoaded", () => done(), { once: true });
  });
}
