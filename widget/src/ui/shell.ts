/**
 * The shell: one element at the end of the page whose shadow root holds all that is shown. It takes part in no layout,
 * so that nothing moves when it comes, and stays whatever draws the page anew; what is fixed to the foot of the window
 * gets as much room at the end of the page as it covers, and nothing that has the focus stays hidden under it
 * (WCAG 2.2, 2.4.11).
 */

import { quietly } from "../quietly";
import type { Make } from "./element";
import { STYLES } from "./styles";

/** After so many times somebody wants it gone. */
const ENOUGH = 999;

export interface Shell {
  readonly root: ShadowRoot;
  /** At the end of the page, and moves with it; takes the focus when it has nowhere else to go. */
  readonly end: HTMLElement;
  /** At the foot of the window. */
  readonly dock: HTMLElement;
  dress(styles: string): void;
}

/**
 * @param spoken the language, and which way it is written
 * @param looks the styles of a look other than the bar
 */
export function shell(
  doc: Document,
  make: Make,
  spoken: Readonly<Record<"lang" | "dir", string>>,
  look: string,
  looks: string,
  nonce: string,
): Shell {
  const host = make("div", { id: "privacy-choices", hidden: true, ...spoken });
  const root = host.attachShadow({ mode: "open" });
  // Not the host: browsers skip all that is inside one that Tab does not reach.
  const end = make("div", { className: "end", tabIndex: -1 });
  const dock = make("div", { className: `dock ${look}` });

  function dress(styles: string): void {
    try {
      // A constructed sheet needs no `style-src` in the page's policy.
      // https://www.w3.org/TR/CSP3/#directive-style-src
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(styles);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    } catch {
      root.append(make("style", { nonce }, styles));
    }
  }

  const own = doc.documentElement.style.scrollPaddingBottom;
  const sizes = new ResizeObserver(() => {
    const { offsetHeight } = dock;
    const height = `${offsetHeight}px`;
    // Where the body is no column of blocks, what takes part in no layout would stand at its start.
    end.style.top = `${Math.max(0, doc.body.getBoundingClientRect().bottom - host.getBoundingClientRect().top)}px`;
    end.style.paddingBottom = height;
    doc.documentElement.style.scrollPaddingBottom = offsetHeight ? height : own;
  });
  let last: Element | undefined;
  let tries = 0;

  function stay(): void {
    const { body, documentElement: html } = doc;
    // Behind the body a framework draws least. React 18 hydrates a document only as long as nothing stands there, nor
    // between head and body; in the body it minds nothing that stands behind its own.
    const where = doc.head?.nextSibling === body ? body : html;
    const overtaken = doc.readyState === "loading" && host.nextSibling && doc.activeElement !== host;
    if (body !== last) sizes.observe((last = body));
    if (host.parentNode === where && !(where === body && overtaken)) return;
    // Two that never give in would halt the page.
    if (tries++ < ENOUGH) where.append(host);
  }

  dress(STYLES + looks);
  root.append(end, dock);
  sizes.observe(dock);
  stay();
  new MutationObserver(() => quietly(stay)).observe(doc, { childList: true, subtree: true });
  return { root, end, dock, dress };
}
