/**
 * The gate: releases `<script type="text/plain" data-right>` and `<iframe data-right data-src>` when every right
 * they name is allowed, in document order, once. It asks for the answer and knows nothing of where it comes from.
 *
 * After an opt-out nothing more is released, and frames are emptied; a script that ran can't be undone.
 */

import { quietly } from "../quietly";
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

/** @param permits whether every right in this list is allowed now; false for an empty list and unknown names */
export function gate(doc: Document, permits: (rights: string) => boolean, nonce: string, trust: Trust): Gate {
  const done = new WeakSet<Element>();
  const frames = new Set<HTMLIFrameElement>();
  const used = new Set<string>();
  let ran = new Map<string, Element[]>();
  let busy = false;
  /** What was found and not looked at yet. What is denied is dropped: once it may run, the page is walked again. */
  let waiting: HTMLElement[] = [];

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

  function go(): void {
    if (busy) return;
    busy = true;
    next();
  }

  function next(): void {
    const began = performance.now();
    for (let marked; (marked = waiting[0]) && !beingParsed(marked); ) {
      if (performance.now() - began > STRETCH) {
        setTimeout(next);
        return;
      }
      waiting.shift();
      const rights = rightsOf(marked);
      if (done.has(marked) || !marked.isConnected || !marked.matches(MARKED) || !permits(rights)) continue;
      used.add(rights);
      const running = marked.localName === "script" ? once(marked as HTMLScriptElement) : load(marked as HTMLIFrameElement);
      if (running) {
        // As in plain HTML, a script waits for the external one before it.
        running.addEventListener("load", next);
        running.addEventListener("error", next);
        return;
      }
    }
    busy = false;
  }

  function once(marked: HTMLScriptElement): HTMLScriptElement | undefined {
    done.add(marked);
    // A framework that draws anew puts an equal element in the place of one that it took out.
    const key = marked.getAttribute("src") + marked.text;
    const alike = ran.get(key) || [];
    const before = alike.findIndex((other) => !other.isConnected && other.isEqualNode(marked));
    alike[before < 0 ? alike.length : before] = marked;
    ran.set(key, alike);
    return before < 0 ? quietly(() => runScript(marked, nonce, trust)) : undefined;
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

/** While the parser works, what has no successor anywhere may still be growing. */
function beingParsed(marked: HTMLElement): boolean {
  if (marked.ownerDocument.readyState !== "loading") return false;
  for (let node: Node | null = marked; node; node = node.parentNode) {
    if (node.nextSibling) return false;
  }
  return true;
}
