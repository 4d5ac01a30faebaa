/** Wires core, page and view together. Everything comes in as a parameter, the window too. */

import type { RecordCell } from "./core/cell";
import { manage, type Manager } from "./core/manager";
import type { Flag, Method } from "./core/protocol";
import type { Restriction } from "./core/settle";
import { obeying } from "./obeying";
import { nameOf, partsOf, stringsWritten, type Host } from "./parts";
import { openTab, watchConfirmation } from "./page/confirming";
import { loader } from "./page/loading";
import { quietly } from "./quietly";
import { takeBack } from "./page/returning";
import { storageCell } from "./page/storage";
import { tabs } from "./page/tabs";
import { trust } from "./page/trust";
import { viewIn } from "./page/viewing";
import { watchViews } from "./page/views";
import { speaking } from "./speaking";
import { LINK } from "./ui/link";
import type { Acts, View } from "./ui/asking";

const OPT_OUT = { sale_share: "opt_out" } as const;

/** What `window.privacyChoices` offers. */
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
  const name = nameOf(config);
  let { lang } = config;
  const parts = partsOf(host, () => lang);
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

  const made = storageCell(() => win.sessionStorage, `${name}_state`);
  const prior = quietly(() => host.extras.knownBefore!(doc, config.prior_ids!)); // fails without the extra
  const brought = { ...takeBack(win, made), ...(prior && { prior }) };
  const manager: Manager = manage({
    ...parts,
    brought,
    updated(flag, changed) {
      if (changed) win.dispatchEvent(new CustomEvent("privacychoices:change", { detail: flag }));
      quietly(obey);
      quietly(() => said.update(flag, () => (shown ? quietly(() => shown!.update(flag, manager.show())) : drawAgain())));
    },
    wrote: () => siblings.tell(),
  });
  const resume = () => void manager.resume();
  const siblings = tabs(win, name, manager.overtaken, () => {
    manager.overtaken();
    resume();
  });
  const said = speaking(host, manager);
  const tags = obeying(host, manager.flag, trusted, load);

  /** Whoever opts out may want what had run gone from the page: it is loaded again once the service knows. */
  async function restrict(choice: Restriction, method: Method): Promise<void> {
    await manager.restrict(choice, method);
    // Where no cookie can be kept the choice would be gone as well.
    if (config.reload && parts.storage && tags.regrets()) win.location.reload();
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
    const { looks = "" } = host.extras;
    const closed = storageCell(() => win.sessionStorage, `${name}_closed`);
    const noticed = storageCell(() => win.localStorage, `${name}_n`);
    const stage = { doc, config, lang, nonce, looks, load, closed, noticed };
    shown = spoken.draw(stage, actsOn(manager, restrict, host, leaving, said.seen));
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
      const restricted = honourPrior(host, parts.cookie, manager);
      quietly(said.begin);
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
      void drawn();
      // Fails where the site has no such extra.
      quietly(() => host.extras.debug!(win, config.debug!, load, { ...manager, ...tags, record }));
      openOnClick(doc, open);
      win.addEventListener("online", resume);
      win.addEventListener("pagehide", manager.leave);
      await manager.start();
      // An import may deny more than that tool's cookie does.
      if (brought.result || (restricted && prior)) await manager.ask();
      settled(manager.flag());
      drawAgain = () => void drawn().then(() => shown && manager.refresh());
      drawAgain(); // only now is it known what to show
    },
  };
}

/**
 * What another consent tool has noted as denied holds as long as nobody has chosen here, and so does a cookie of ours
 * from before that any subdomain can set. Returns true where something is denied so.
 */
function honourPrior(host: Host, cookie: RecordCell, manager: Manager): boolean {
  const record = cookie.read();
  const { gpc, us_privacy } = manager.flag();
  // Another tab, opened at the same moment with the signal, may have written the string that this one would write.
  const own = `${stringsWritten(host).read()}; usprivacy=${gpc && us_privacy}`;
  // Fails where the site has no such extra.
  const before = () => host.extras.deniedBefore!(host.win.document, host.config.prior!, record, own);
  const denied = (record === undefined && cookie.former() && OPT_OUT) || quietly(before);
  if (denied) void manager.restrict(denied, "prior_cmp");
  return !!denied;
}

/** What a switch says when it is turned off, and on, in the service's words. */
const WORDS = { sale_share: ["opt_out", "opt_in"], sensitive: ["limit", "lift"] } as const;

/** What a visitor's clicks do. */
function actsOn(manager: Manager, restrict: Manager["restrict"], { win }: Host, leaving: Acts["leaving"], seen: Acts["seen"]): Acts {
  const expectBack = watchConfirmation(win, () => void manager.ask());
  return {
    leaving,
    seen,
    restrict: (subject, method) => void restrict({ [subject]: WORDS[subject][0] }, method),
    async allow(subject, method) {
      const { sale, share, sensitive } = manager.flag();
      const answers = subject === "sensitive" ? [sensitive] : [sale, share];
      // Keeping what is allowed needs no second step, and so no tab.
      const tab = answers.includes("denied") ? openTab(win) : null;
      const came = await manager.allow(method, { [subject]: WORDS[subject][1] });
      if (came.kind === "confirm") {
        expectBack();
        tab?.go(came.url);
      } else {
        tab?.drop();
      }
      return came;
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
