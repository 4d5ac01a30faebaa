/** Trust: the one policy under which this script makes scripts of its own accord, where a page demands one. */

import { quietly } from "../quietly";

/** Makes trusted texts: they stand where a text is wanted, and pass where Trusted Types are demanded. */
export interface Trust {
  createScript(text: string): string;
  createScriptURL(url: string): string;
}

/**
 * A page that has a `trusted-types` directive names `privacy-choices` there.
 * https://w3c.github.io/trusted-types/dist/spec/#trusted-type-policy-factory
 */
export function trust(win: Window): Trust {
  const rules: Trust = { createScript: (text) => text, createScriptURL: (url) => url };
  const { trustedTypes } = win as { trustedTypes?: { createPolicy(name: string, rules: Trust): Trust } };
  return (trustedTypes && quietly(() => trustedTypes.createPolicy("privacy-choices", rules))) || rules;
}
