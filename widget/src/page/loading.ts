/** Loads another bundle of ours, with the page's nonce; what is given to it hangs on its own element. */

import { quietly } from "../quietly";
import type { Trust } from "./trust";

export type Load = (address: string, given: object) => HTMLScriptElement;

export function loader(doc: Document, nonce: string, trust: Trust): Load {
  return (address, given) => {
    const script = Object.assign(doc.createElement("script"), given, { nonce });
    script.src = quietly(() => trust.createScriptURL(address), address);
    doc.head.append(script);
    return script;
  };
}
