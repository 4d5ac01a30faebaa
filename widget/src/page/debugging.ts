/** Debugging: brings the panel that shows what this script does, where the site and the address both ask for it. */

import type { Inside } from "../debug/inside";
import type { Trust } from "./trust";

/** @param address of the panel's own script */
export function debug(win: Window, address: string, nonce: string, trust: Trust, inside: Inside): void {
  if (!new URLSearchParams(win.location.search).has("privacy-debug")) return;
  const script: HTMLScriptElement & { inside?: Inside } = win.document.createElement("script");
  script.inside = inside;
  script.nonce = nonce;
  script.src = trust.createScriptURL(address);
  win.document.head.append(script);
}
