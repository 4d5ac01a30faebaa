/**
 * The gate: releases `<script type="text/plain" data-right>` and `<iframe data-right data-src>` when every right
 * they name is allowed, in document order, once. It asks for the answer and knows nothing of where it comes from.
 *
 * After an opt-out nothing more is released, and frames are emptied; a script that ran can't be undone.
 */

import { quietly } from "../quietly";
import type { Runs, Waits } from "../writing/waits";
import { runScript } from "./running";
import type { Trust } from "./trust";

export const MARKED = 'script[type="text/plain"][data-right],iframe[data-right][data-src]';

export interface Gate {
  /** Looks at the whole page: releases what may run now, and takes back what may not. */
  release(): void;
  /** Releases what of these, and below them, may run. */
  added(nodes: readonly Node[]): void;
  /** From here on what is put there once more is new: another view may run what an earlier one ran. */
  forget(): void;
  /** Whether something was released that is not permitted now. */
  regrets(): boolean;
  /** Whether this very element was released. */
  released(marked: Element): boolean;
}

/** Milliseconds that releasing takes at a stretch: a task over 50 is felt. https://www.w3.org/TR/longtasks-1/ */
const STRETCH = 12;

/**
 * Milliseconds that others wait for a script that does not come. Those behind it may need it, and a library takes
 * seconds on a slow line; but a server that is down answers never, and takes none of the others with it. Half as long
 * for the next one: all that hang hold the rest up for ten seconds at most.
 */
const PATIENCE = 5e3;

/**
 * @param permits whether every right in this list is allowed now; false for an empty list and unknown names
 * @param fetchWriting loads the bundle that finds a place for what scripts write
 */
export function gate(
  doc: Document,
  permits: (rights: string) => boolean,
  nonce: string,
  trust: Trust,
  fetchWriting: (waits: Waits) => HTMLScriptElement,
): Gate {
  const done = new WeakSet<Element>();
  const frames = new Set<HTMLIFrameElement>();
  const used = new Set<string>();
  let ran = new Map<string, Element[]>();
  let busy = false;
  /** What was found and not looked at yet. What is denied is dropped: once it may run, the page is walked again. */
  let waiting: HTMLElement[] = [];
  /** What is on its way, and runs before all that stands behind it. */
  const coming = new Set<HTMLScriptElement>();
  let patience = PATIENCE;
  let runs: Runs | undefined;
  let fetched = false;

  const rightsOf = ({ dataset }: HTMLElement) => dataset.right || "";

  function release(): void {
    for (const frame of frames) if (!permits(rightsOf(frame))) quietly(() => takeBack(frame));
    // An element named after the method hides it: then nothing is found, and nothing runs.
    waiting = quietly(() => [...doc.querySelectorAll<HTMLElement>(MARKED)]) || [];
    go();
  }

  function added(nodes: readonly Node[]): void {
    for (const node of nodes) {
      // What is no element has no such methods.
      quietly(() => {
        const element = node as HTMLElement;
        if (element.matches(MARKED)) waiting.push(element);
        waiting.push(...element.querySelectorAll<HTMLElement>(MARKED));
      });
    }
    go();
  }

  /** Scripts that another one has written: they run at once, unless one before them is on its way. */
  function written(scripts: Iterable<HTMLScriptElement>, writer: HTMLScriptElement): void {
    for (const script of scripts) {
      if (coming.size > +coming.has(writer)) {
        const behind = waiting.findIndex((other) => script.compareDocumentPosition(other) & 4);
        waiting.splice(behind < 0 ? waiting.length : behind, 0, script);
      } else run(script);
    }
  }

  function go(): void {
    if (!busy) next();
  }

  function next(): void {
    const began = performance.now();
    busy = true;
    let at = 0;
    for (let marked; (marked = waiting[at]) && !beingParsed(marked); ) {
      // As in plain HTML, a script waits for the external one before it; frames wait for nobody.
      if (coming.size && inTurn(marked)) at++;
      else if (performance.now() - began > STRETCH) {
        setTimeout(next);
        return;
      } else {
        waiting.splice(at, 1);
        run(marked);
      }
    }
    busy = false;
  }

  function run(marked: HTMLElement): void {
    const rights = rightsOf(marked);
    if (done.has(marked) || !marked.isConnected || !marked.matches(MARKED) || !permits(rights)) return;
    used.add(rights);
    const isScript = marked.localName == "script";
    if (isScript && !fetched) {
      // Before the first one runs: after it is too late.
      fetched = true;
      waiting.unshift(marked);
      quietly(() => expect(fetchWriting({ found: written, hooked: (hook) => (runs = hook), stack: `${Error().stack}` })));
      return;
    }
    const script = isScript ? once(marked as HTMLScriptElement) : load(marked as HTMLIFrameElement);
    if (script) expect(script);
  }

  /** Lets those behind it wait until it has come, or failed. */
  function expect(script: HTMLScriptElement): void {
    const over = () => {
      clearTimeout(timer);
      if (coming.delete(script)) go();
    };
    const timer = setTimeout(() => {
      patience /= 2;
      over();
    }, patience);
    coming.add(script);
    script.addEventListener("load", over);
    script.addEventListener("error", over);
  }

  function once(marked: HTMLScriptElement): HTMLScriptElement | undefined {
    done.add(marked);
    // A framework that draws anew puts an equal element in the place of one that it took out.
    const key = marked.getAttribute("src") + marked.text;
    const alike = ran.get(key) || [];
    const before = alike.findIndex((other) => !other.isConnected && other.isEqualNode(marked));
    alike[before < 0 ? alike.length : before] = marked;
    ran.set(key, alike);
    return before < 0 ? quietly(() => runScript(marked, nonce, trust, runs)) : undefined;
  }

  function load(frame: HTMLIFrameElement): undefined {
    frames.add(frame);
    frame.src = frame.dataset.src as string;
    frame.removeAttribute("data-src");
  }

  function takeBack(frame: HTMLIFrameElement): void {
    frames.delete(frame);
    frame.dataset.src = frame.getAttribute("src") || "";
    frame.removeAttribute("src");
    // Not by its `src`: that would leave the old document in the history, one step back.
    if (frame.contentWindow) frame.contentWindow.location.replace("about:blank");
  }

  return {
    release,
    added,
    forget() {
      ran = new Map();
    },
    regrets: () => [...used].some((rights) => !permits(rights)),
    released: (marked) => done.has(marked) || frames.has(marked as HTMLIFrameElement),
  };
}

/** Whether it keeps its place in the line. */
function inTurn(marked: HTMLElement): boolean {
  return marked.localName == "script" && !marked.hasAttribute("async");
}

/** While the parser works, what has no successor anywhere may still be growing. */
function beingParsed(marked: HTMLElement): boolean {
  if (marked.ownerDocument.readyState !== "loading") return false;
  for (let node: Node | null = marked; node; node = node.parentNode) {
    if (node.nextSibling) return false;
  }
  return true;
}
