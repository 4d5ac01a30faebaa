/**
 * Running: how a marked script is made to run. The marked element itself stays where it is, inert: whoever put it
 * there (a framework, say) finds it again, and what copies the page copies nothing that runs.
 */

import { quietly } from "../quietly";
import type { Runs } from "../writing/waits";
import type { Trust } from "./trust";

/** Attributes that the running script gets in another way, or not at all. */
const OWN = /^(type|src|data-src|data-type)$/;

/** The types that a browser runs; what is of another one is never fetched, and has no event that says so. */
const RUNS = /^\s*(|module|(text|application)\/(x-)?(java|ecma)script)\s*$/i;

/**
 * Runs the script that this element marks; gives it when those after it have to wait for it.
 *
 * @param nonce the page's CSP nonce, for scripts that carry none of their own
 * @param runs told just before it runs
 */
export function runScript(
  marked: HTMLScriptElement,
  nonce: string,
  trust: Trust,
  runs?: Runs,
): HTMLScriptElement | undefined {
  const script = marked.ownerDocument.createElement("script");
  const { src = marked.getAttribute("src"), type } = marked.dataset;
  for (const { name, value } of [...marked.attributes]) {
    // Under Trusted Types an inline handler is refused; the script does without.
    if (!OWN.test(name)) quietly(() => script.setAttribute(name, value));
  }
  if (type) script.type = type;
  // A nonce's attribute reads as empty in a page with a policy; the property still holds it.
  // https://html.spec.whatwg.org/multipage/urls-and-fetching.html#nonce-attributes
  script.nonce = marked.nonce || nonce;
  // An empty address is one: the text beside it never runs.
  if (src == null) script.text = quietly(() => trust.createScript(marked.text), marked.text);
  else script.src = quietly(() => trust.createScriptURL(src), src);
  let finish: (() => void) | undefined;
  const done = () => {
    script.remove();
    quietly(finish!); // none where writing is not hooked
  };
  script.addEventListener("load", done);
  script.addEventListener("error", done);
  finish = runs?.(script, marked);
  marked.after(script);
  if (src == null && !type) done();
  // Made by a script it is asynchronous: what comes after it waits here, and not for ever, as it would in the browser.
  // https://html.spec.whatwg.org/multipage/scripting.html#script-force-async
  return isAwaited(script) ? script : undefined;
}

/**
 * Return true if the browser fetches it, and tells when it has run or failed. What the guard holds loads later, or never.
 * https://html.spec.whatwg.org/multipage/scripting.html#prepare-the-script-element
 */
function isAwaited(script: HTMLScriptElement): boolean {
  const { type } = script;
  const language = script.getAttribute("language");
  return (
    !!script.getAttribute("src") &&
    !script.hasAttribute("async") &&
    RUNS.test(type || (language ? `text/${language}` : "")) &&
    !(script.noModule && type != "module") &&
    !(script.htmlFor && script.event)
  );
}
