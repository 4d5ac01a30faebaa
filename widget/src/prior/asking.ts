/**
 * Interface between the script and the reader of another consent tool's cookies, which is a bundle of its own: few
 * devices have such cookies. The element that loads the bundle carries it. Types only.
 */

import type { PriorId } from "../core/protocol";
import type { Restriction } from "../core/settle";

/** Takes what the cookies deny, and the id by which the tool knew the visitor. */
export type Noted = (denied: Restriction | undefined, known: PriorId | undefined) => void;

/** The element that loads the bundle. */
export interface Asking {
  /** That tool's cookies, as `document.cookie` gives them. */
  readonly cookie?: string;
  readonly noted?: Noted;
}
