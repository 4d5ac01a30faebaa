/**
 * What passes between the script and the reader of another consent tool's cookies, which is a bundle of its own: few
 * devices have such cookies. The element that loads the bundle carries it. Types only.
 */

import type { PriorId } from "../core/protocol";
import type { Restriction } from "../core/settle";

/** What the cookies note: what they deny, and by which id the tool knew the visitor. */
export type Noted = (denied: Restriction | undefined, known: PriorId | undefined) => void;

/** The element that loads the bundle. */
export interface Asking {
  /** That tool's cookies, as `document.cookie` gives them. */
  readonly cookie?: string;
  readonly noted?: Noted;
}
