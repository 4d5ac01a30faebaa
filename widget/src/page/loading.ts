/** Loads another bundle of ours, with the page's nonce; what is given to it hangs on its own element. */

import { assign } from "../assign";
import type { Natives } from "../natives";
import { quietly } from "../quietly";
import type { Trust } from "./trust";

export type Load = (address: string, given: object) => HTMLScriptElement;

export function loader(doc: Document, nonce: string, trust: Trust, natives?: Natives): Load {
  return (address, given) => {
    const script = assign(doc.createElement("script"), { ...given, nonce, natives }) as HTMLScriptElement;
    script.src = quietly(() => trust.createScriptURL(address), address);
    doc.head.append(script);
    return script;
  };
}
