/** The shell: one element at the end of the page whose shadow root holds all that is shown. */

import { element } from "./element";
import { STYLES } from "./styles";

export function shell(doc: Document, lang: string): ShadowRoot {
  const host = element(doc, "div", { id: "privacy-choices", lang });
  const root = host.attachShadow({ mode: "open" });
  try {
    // A constructed sheet needs no `style-src` in the page's policy.
    // https://www.w3.org/TR/CSP3/#directive-style-src
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(element(doc, "style", {}, STYLES));
  }
  doc.body.append(host);
  return root;
}
