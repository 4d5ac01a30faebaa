/**
 * Running: how a marked script is made to run. The marked element itself stays where it is, inert: whoever put it
 * there (a framework, say) finds it again, and what copies the page copies nothing that runs.
 */

import { quietly } from "../quietly";
import type { Trust } from "./trust";

/** Attributes that the running script gets in another way, or not at all. */
const OWN = /^(type|src|data-src|data-type)$/;

/**
 * Runs the script that this element marks; gives it when those after it have to wait for it.
 *
 * @param nonce the page's CSP nonce, for scripts that carry none of their own
 */
export function runScript(marked: HTMLScriptElement, nonce: string, trust: Trust): HTMLScriptElement | undefined {
  const script = marked.ownerDocument.createElement("script");
  const { src = marked.getAttribute("src"), type } = marked.dataset;
  for (const { name, value } of [...marked.attributes]) {
    // Under Trusted Types an inline handler is refused; the script does without.
    if (!OWN.test(name)) quietly(() => script.setAttribute(name, value));
  }
  if (type) script.type = type;
  // Scripts made by scripts are asynchronous unless they say otherwise.
  // https://html.spec.whatwg.org/multipage/scripting.html#script-force-async
  script.async = marked.hasAttribute("async");
  // A nonce's attribute reads as empty in a page with a policy; the property still holds it.
  // https://html.spec.whatwg.org/multipage/urls-and-fetching.html#nonce-attributes
  script.nonce = marked.nonce || nonce;
  if (src) script.src = quietly(() => trust.createScriptURL(src), src);
  else script.text = quietly(() => trust.createScript(marked.text), marked.text);
  const done = () => script.remove();
  script.addEventListener("load", done);
  script.addEventListener("error", done);
  marked.after(script);
  if (!src && !type) done();
  // What the guard holds loads later, or never: nothing waits for it.
  return script.hasAttribute("src") && !script.async ? script : undefined;
}
