/**
 * Writing: `document.write` of scripts that were released. Once the parser is past them it would put another page in
 * the place of this one, so what they write goes where their marked element stands. Everybody else's calls reach the
 * browser's own.
 */

import { quietly } from "../quietly";
import type { Found, Runs } from "./waits";

/** Behind what was written; where it is found as a comment at the top, no tag and no element before it is open. */
const END = "$";

const stackNow = () => `${Error().stack}`;

/** @param ours a stack of the script's own: what runs in it never makes a call the page's */
export function hookWriting(doc: Document, found: Found, ours: string): Runs {
  const writers = new Map<unknown, (markup: string) => void>();
  const here = `${doc.URL.split("#")[0]}:`;
  const inside = stackNow() + ours;
  /** The page's own scripts: those that were there first, but ours. */
  const others = [...doc.scripts].map(({ src }) => src).filter((src) => src && !inside.includes(src));

  function writer(): unknown {
    const current = doc.currentScript as HTMLScriptElement | null;
    if (writers.has(current)) return current;
    // The parser knows where a file's own writing belongs; from a file that came later browsers overlook it.
    if (current?.src) return;
    // Else the stack alone tells. What is not clearly the page's own never takes the page's place.
    const stack = stackNow();
    const released = [...(writers.keys() as Iterable<HTMLScriptElement>)].reverse();
    // WebKit counts the lines of an added script as if they were the page's.
    const lines = Math.max(...released.map(({ text }) => text.split("\n").length));
    const own =
      others.some((src) => stack.includes(src)) ||
      /\beval\b/.test(stack) ||
      stack.split(here).some((rest, at) => at && parseInt(rest) > lines);
    return released.find(({ src }) => src && stack.includes(src)) || (!own && released[0]);
  }

  for (const name of ["open", "write", "writeln"] as const) {
    const native = doc[name] as (...given: unknown[]) => unknown;
    doc[name] = (...given: any[]): any => {
      // With three parameters it opens a window.
      const put = !given[2] && writers.get(writer());
      if (!put) return native.apply(doc, given);
      if (name == "open") return doc;
      quietly(() => put(given.join("") + (name == "write" ? "" : "\n")));
    };
  }

  return (script, marked) => {
    let text = "";
    let last: ChildNode = marked;
    let timer: unknown;

    function put(markup: string): void {
      const { content } = Object.assign(doc.createElement("template"), {
        innerHTML: (text += markup) + (markup && `<!--${END}-->`),
      });
      const end = content.lastChild;
      clearTimeout(timer as number);
      // The next call may go on within it.
      if (markup && (end!.nodeValue != END || /<$/.test(text))) timer = setTimeout(put, 0, "");
      else {
        if (markup) end!.remove();
        text = "";
        const scripts = content.querySelectorAll("script");
        const next = content.lastChild || last;
        last.after(content);
        last = next;
        for (const written of scripts) mark(written, marked.dataset.right!);
        found(scripts, script);
      }
    }

    writers.set(script, put);
    return () => put("");
  };
}

/** As markup that was parsed for a template it does not run by itself; marked, it runs in its turn. */
function mark(script: HTMLScriptElement, right: string): void {
  if (script.type == "text/plain" && script.dataset.right) return;
  if (script.type) script.dataset.type = script.type;
  script.type = "text/plain";
  script.dataset.right = right;
}
