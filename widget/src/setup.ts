/** Wires core, page and view together. Everything comes in as a parameter, the window too. */

import type { Clock } from "./core/clock";
import { Manager, type Parts } from "./core/manager";
import { RIGHTS, type Config, type Flag, type Method, type Right } from "./core/protocol";
import { openTab, watchConfirmation } from "./page/confirming";
import { cookieCell } from "./page/cookies";
import { fetchingService } from "./page/fetching";
import { gate } from "./page/gate";
import { handOver, takeBack } from "./page/handing";
import { quietly } from "./page/quietly";
import { storageCell } from "./page/storage";
import { tabs } from "./page/tabs";
import { uuid } from "./page/uuid";
import { textsFor, type Texts } from "./ui/texts";
import { view, type Acts, type View } from "./ui/view";

/** What `window.privacyChoices` offers. */
export interface PrivacyChoices {
  flag(): Flag;
  readonly ready: Promise<Flag>;
  /** Calls `act` with the flag on every `change`; returns the function that ends it. */
  on(event: string, act: (flag: Flag) => void): () => void;
  open(): void;
  optOut(): void;
}

export interface Host {
  readonly win: Window;
  readonly config: Config;
  /** The `data-region` of the embedding tag. */
  readonly region: string | undefined;
  readonly nonce: string;
}

export interface Wired {
  readonly api: PrivacyChoices;
  /** Opens the gate and asks the service. Whoever opted out while the script was on its way comes before. */
  readonly begin: () => Promise<void>;
}

export function setup(host: Host): Wired {
  const { win, config, nonce } = host;
  const doc = win.document;
  const { lang, texts } = textsFor(
    config.texts as Readonly<Record<string, Texts>>,
    doc.documentElement.lang,
    config.lang,
  );
  let shown: View | undefined;
  let release = () => {};
  let settled: (flag: Flag) => void;
  const ready = new Promise<Flag>((done) => {
    settled = done;
  });

  const parts = partsOf(host, lang);
  const made = storageCell(() => win.sessionStorage, `pc_${config.site}_state`);
  const brought = takeBack(win, made);
  const manager: Manager = new Manager({
    ...parts,
    brought,
    updated(flag, changed) {
      if (changed) win.dispatchEvent(new CustomEvent("privacychoices:change", { detail: flag }));
      quietly(release);
      quietly(() => shown && shown.update(flag, manager.show()));
    },
    wrote: () => siblings.tell(),
  });
  const look = () => manager.overtaken();
  const siblings = tabs(win, `pc_${config.site}`, look, () => {
    look();
    void manager.resume();
  });
  const allows = (right: string) => RIGHTS.includes(right as Right) && manager.flag()[right as Right] === "allowed";

  const leave = () => ({ lang, ...handOver(parts.cookie, made, parts.clock.id()) });
  const drawn = whenBody(doc).then(() => {
    const closed = storageCell(() => win.sessionStorage, `pc_${config.site}_closed`);
    shown = quietly(() => view(doc, lang, texts, `${config.service}/s/${config.site}/privacy-choices`, closed, actsOn(manager, host, leave)));
  });
  const open = (invoker: Element | null) =>
    void drawn.then(() => quietly(() => shown && shown.open(invoker instanceof HTMLElement ? invoker : null)));

  return {
    api: {
      flag: () => manager.flag(),
      ready,
      on: (event, act) => listen(win, `privacychoices:${event}`, act),
      open: () => open(doc.activeElement),
      optOut: () => manager.optOut("api"),
    },
    async begin() {
      release = gate(doc, allows, nonce);
      openOnClick(doc, open);
      win.addEventListener("online", () => void manager.resume());
      await manager.start();
      if (brought.result) await manager.ask();
      settled(manager.flag());
      await drawn;
      manager.refresh(); // only now is it known what to show
    },
  };
}

function partsOf({ win, config, region }: Host, lang: string): Omit<Parts, "updated" | "wrote" | "brought"> {
  const { site, service, cookie, cookie_domain: domain } = config;
  const gpc = (win.navigator as { globalPrivacyControl?: unknown }).globalPrivacyControl;
  const stored = (name: string) => storageCell(() => win.localStorage, `pc_${site}_${name}`);
  return {
    site,
    lang,
    fallback: (region && config.regions[region]) || config.default,
    strings: config.us_privacy,
    gpc: typeof gpc === "boolean" ? gpc : null,
    storage: win.navigator.cookieEnabled,
    cookie: cookieCell(win.document, cookie, domain, win.location.protocol === "https:"),
    queue: stored("q"),
    signalId: stored("s"),
    service: fetchingService(`${config.api || service}/v1/${site}`, config.credentials || "omit"),
    clock: clockOf(win),
  };
}

/** What a visitor's clicks do. */
function actsOn(manager: Manager, { win, config }: Host, leave: Acts["leave"]): Acts {
  const service = new URL(config.service, win.document.baseURI).origin;
  const expectBack = watchConfirmation(win, service, () => void manager.ask());
  return {
    leave,
    optOut: (method: Method) => manager.optOut(method),
    async allow(method) {
      const { sale, share } = manager.flag();
      // Keeping what is allowed needs no second step, and so no tab.
      const tab = sale === "denied" || share === "denied" ? openTab(win) : null;
      const came = await manager.allow(method);
      if (came.kind === "confirm") {
        expectBack();
        if (tab) tab.go(came.url);
      } else if (tab) {
        tab.drop();
      }
      return came;
    },
  };
}

function openOnClick(doc: Document, open: (invoker: Element) => void): void {
  doc.addEventListener("click", (event) => {
    const opener = event.target instanceof Element && event.target.closest("[data-privacy-choices]");
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

function clockOf(win: Window): Clock {
  return {
    now: () => Date.now(),
    later: (seconds, act) => void win.setTimeout(act, seconds * 1e3),
    chance: () => Math.random(),
    id: () => uuid(win.crypto),
  };
}

function whenBody(doc: Document): Promise<void> {
  if (doc.body) return Promise.resolve();
  return new Promise((done) => doc.addEventListener("DOMContentLoaded", () => done(), { once: true }));
}
