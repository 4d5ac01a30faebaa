/** Inside: the parts that the script hands to the debug panel, nothing that the page's own scripts could not find out. Types only. */

import type { Pending } from "../core/pending";
import type { Flag } from "../core/protocol";

export interface Inside {
  flag(): Flag;
  /** The cookie's text. */
  record(): string | undefined;
  pending(): readonly Pending[];
  /** Return true if every right in this list is allowed now. */
  permits(rights: string): boolean;
  released(marked: Element): boolean;
}
