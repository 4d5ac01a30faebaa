/**
 * The gate: releases `<script type="text/plain" data-right>` and `<iframe data-right data-src>` when every right
 * they name is allowed, in document order, once. It asks for the answer and knows nothing of where it comes from.
 *
 * After an opt-out nothing more is released; what already ran can't be undone.
 */

import { quietly } from "./quietly";

const MARKED = 'script[type="text/plain"][data-right],iframe[data-right][data-src]';

/**
 * Releases what may run now and whatever is added later. Returns the function to call when answers changed.
 *
 * @param allowed whether this right is allowed now; false for names that are no right
 * @param nonce the page's CSP nonce, for scripts that carry none of their own
 */
export function gate(doc: Document, allowed: (right: string) => boolean, nonce: string): () => void {
  let busy = false;

  function release(): void {
    if (busy) return;
    busy = true;
    next();
  }

  function next(): void {
    for (const marked of Array.from(doc.querySelectorAll<HTMLElement>(MARKED))) {
      if (beingParsed(marked)) break;
      if (!marked.isConnected || !permitted(marked, allowed)) continue;
      const running = quietly(() => run(marked, nonce));
      if (running) {
        // As in plain HTML, a script waits for the external one before it.
        running.onload = running.onerror = next;
        return;
      }
    }
    busy = false;
  }

  new MutationObserver(release).observe(doc, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-right", "data-src"],
  });
  doc.addEventListener("readystatechange", release);
  release();
  return release;
}

/** No right named: nobody said what it is for, so nothing allows it. */
function permitted(marked: HTMLElement, allowed: (right: string) => boolean): boolean {
  const rights = (marked.dataset.right || "").split(/\s+/).filter(Boolean);
  return rights.length > 0 && rights.every(allowed);
}

/** Releases one element; gives the script that those after it have to wait for. */
function run(marked: HTMLElement, nonce: string): HTMLScriptElement | undefined {
  if (marked instanceof HTMLScriptElement) return runScript(marked, nonce);
  const frame = marked as HTMLIFrameElement;
  frame.src = frame.dataset.src as string;
  frame.removeAttribute("data-src");
  return undefined;
}

function runScript(marked: HTMLScriptElement, nonce: string): HTMLScriptElement | undefined {
  const script = marked.ownerDocument.createElement("script");
  // Scripts made by scripts are asynchronous unless they say otherwise.
  // https://html.spec.whatwg.org/multipage/scripting.html#script-force-async
  script.async = marked.hasAttribute("async");
  for (const { name, value } of Array.from(marked.attributes)) {
    if (name !== "type" && name !== "data-src" && name !== "data-type") script.setAttribute(name, value);
  }
  if (marked.dataset.type) script.type = marked.dataset.type;
  if (marked.dataset.src) script.src = marked.dataset.src;
  // A nonce's attribute reads as empty in a page with a policy; the property still holds it.
  // https://html.spec.whatwg.org/multipage/urls-and-fetching.html#nonce-attributes
  script.nonce = marked.nonce || nonce;
  script.text = marked.text;
  marked.replaceWith(script);
  return script.src && !script.async ? script : undefined;
}

/** While the parser works, what has no successor anywhere may still be growing. */
function beingParsed(marked: HTMLElement): boolean {
  if (marked.ownerDocument.readyState !== "loading") return false;
  for (let node: Node | null = marked; node; node = node.parentNode) {
    if (node.nextSibling) return false;
  }
  return true;
}
