/**
 * The gate: releases `<script type="text/plain" data-right>` and `<iframe data-right data-src>` when every right
 * they name is allowed, in document order, once. It asks for the answer and knows nothing of where it comes from.
 *
 * After an opt-out nothing more is released, and frames are emptied; a script that ran can't be undone.
 */

import { quietly } from "../quietly";
import type { Runs, Waits } from "../writing/waits";
import { lineOf } from "./line";
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
  /** Return true if something was released that is not permitted now. */
  regrets(): boolean;
  /** Return true if this very element was released. */
  released(marked: Element): boolean;
}

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
  /** Elements that were not looked at yet. What is denied is dropped: once it may run, the page is walked again. */
  const waiting: HTMLElement[] = [];
  const { release, wait, found } = lineOf(waiting, run);
  let isNew = novelty();
  let runs: Runs | undefined;
  let fetched = false;

  function run(marked: HTMLElement): void {
    const rights = rightsOf(marked);
    if (done.has(marked) || !marked.isConnected || !marked.matches(MARKED) || !permits(rights)) return;
    used.add(rights);
    if (marked.localName != "script") {
      frames.add(marked as HTMLIFrameElement);
      load(marked as HTMLIFrameElement);
    } else if (fetched) {
      done.add(marked);
      const script = isNew(marked as HTMLScriptElement) && quietly(() => runScript(marked as HTMLScriptElement, nonce, trust, runs));
      if (script) wait(script);
    } else {
      // Before the first one runs: after it is too late.
      fetched = true;
      waiting.unshift(marked);
      quietly(() => wait(fetchWriting({ found, hooked: (hook) => (runs = hook), stack: `${Error().stack}` })));
    }
  }

  return {
    release() {
      for (const frame of frames) {
        if (!permits(rightsOf(frame))) {
          frames.delete(frame);
          quietly(() => takeBack(frame));
        }
      }
      // An element named after the method hides it: then nothing is found, and nothing runs.
      waiting.length = 0;
      quietly(() => waiting.push(...doc.querySelectorAll<HTMLElement>(MARKED)));
      release();
    },
    added(nodes) {
      for (const node of nodes) {
        // What is no element has no such methods.
        quietly(() => addMarked(waiting, node as HTMLElement));
      }
      release();
    },
    forget() {
      isNew = novelty();
    },
    regrets: () => [...used].some((rights) => !permits(rights)),
    released: (marked) => done.has(marked) || frames.has(marked as HTMLIFrameElement),
  };
}

const rightsOf = ({ dataset }: HTMLElement) => dataset.right || "";

/** Adds what is marked of this element and those below it. */
function addMarked(waiting: HTMLElement[], element: HTMLElement): void {
  if (element.matches(MARKED)) waiting.push(element);
  waiting.push(...element.querySelectorAll<HTMLElement>(MARKED));
}

/**
 * Return what tells of a script if none like it ran before: a framework that draws anew puts an equal element in the
 * place of one that it took out.
 */
function novelty(): (marked: HTMLScriptElement) => boolean {
  const ran = new Map<string, Element[]>();
  return (marked) => {
    const key = marked.getAttribute("src") + marked.text;
    const alike = ran.get(key) || [];
    const before = alike.findIndex((other) => !other.isConnected && other.isEqualNode(marked));
    alike[before < 0 ? alike.length : before] = marked;
    ran.set(key, alike);
    return before < 0;
  };
}

function load(frame: HTMLIFrameElement): void {
  frame.src = frame.dataset.src as string;
  frame.removeAttribute("data-src");
}

function takeBack(frame: HTMLIFrameElement): void {
  frame.dataset.src = frame.getAttribute("src") || "";
  frame.removeAttribute("src");
  // Not by its `src`: that would leave the old document in the history, one step back.
  if (frame.contentWindow) frame.contentWindow.location.replace("about:blank");
}
