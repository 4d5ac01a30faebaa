/**
 * The line: marked elements that wait to be released, in document order. As in plain HTML, a script waits for the
 * external one before it; frames wait for nobody. Knows nothing of rights.
 */

/** Milliseconds that releasing takes at a stretch: a task over 50 is felt. https://www.w3.org/TR/longtasks-1/ */
const STRETCH = 12;

/**
 * Milliseconds that others wait for a script that does not come. Those behind it may need it, and a library takes
 * seconds on a slow line; but a server that is down answers never, and takes none of the others with it. Half as long
 * for the next one: all that hang hold the rest up for ten seconds at most.
 */
const PATIENCE = 5e3;

export interface Line {
  /** Lets each run whose turn it is. */
  release(): void;
  /** Lets those behind it wait until this script has come, or failed. */
  wait(script: HTMLScriptElement): void;
  /** Lets scripts run that another one has written: at once, unless one before them is on its way. */
  found(scripts: Iterable<HTMLScriptElement>, writer: HTMLScriptElement): void;
}

/** @param waiting elements that were not looked at yet; those whose turn it is are taken out */
export function lineOf(waiting: HTMLElement[], run: (marked: HTMLElement) => void): Line {
  /** Scripts on their way: each runs before all that stands behind it. */
  const coming = new Set<HTMLScriptElement>();
  let isBusy = false;
  let patience = PATIENCE;

  function release(): void {
    if (!isBusy) next();
  }

  function next(): void {
    const began = performance.now();
    isBusy = true;
    let at = 0;
    for (let marked; (marked = waiting[at]) && !beingParsed(marked); ) {
      if (coming.size && inTurn(marked)) at++;
      else if (performance.now() - began > STRETCH) {
        setTimeout(next);
        return;
      } else {
        waiting.splice(at, 1);
        run(marked);
      }
    }
    isBusy = false;
  }

  return {
    release,
    wait(script) {
      const over = () => {
        clearTimeout(timer);
        if (coming.delete(script)) release();
      };
      const timer = setTimeout(() => {
        patience /= 2;
        over();
      }, patience);
      coming.add(script);
      script.addEventListener("load", over);
      script.addEventListener("error", over);
    },
    found(scripts, writer) {
      for (const script of scripts) {
        if (coming.size > +coming.has(writer)) putInLine(waiting, script);
        else run(script);
      }
    },
  };
}

/** Puts a script before the first element that stands behind it in the document. */
function putInLine(waiting: HTMLElement[], script: HTMLScriptElement): void {
  const behind = waiting.findIndex((other) => script.compareDocumentPosition(other) & 4);
  waiting.splice(behind < 0 ? waiting.length : behind, 0, script);
}

/** Return true if it keeps its place in the line. */
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
