/**
 * The shell: one element at the end of the page whose shadow root holds all that is shown. It stands after the body,
 * where neither the parser nor a framework puts anything behind it, and has no height, so that nothing moves when it
 * comes; what is fixed to the foot of the window gets as much room at the end
 * of the page as it covers, and nothing that has the focus stays hidden under it (WCAG 2.2, 2.4.11).
 */

import type { Make } from "./element";
import { STYLES } from "./styles";

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
  const host = make("div", { id: "privacy-choices", ...spoken });
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

  dress(STYLES + looks);
  root.append(end, dock);
  doc.documentElement.append(host);

  const page = doc.documentElement.style;
  const own = page.scrollPaddingBottom;
  new ResizeObserver(() => {
    const { offsetHeight } = dock;
    const height = `${offsetHeight}px`;
    end.style.paddingBottom = height;
    page.scrollPaddingBottom = offsetHeight ? height : own;
  }).observe(dock);
  return { root, end, dock, dress };
}
