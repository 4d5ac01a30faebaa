/**
 * Extras: what only some sites use. The service puts an extra before the script for the sites whose configuration
 * asks for it, so that nobody else's visitors load it. Types only.
 */

import type { Natives } from "../natives";
import type { debug } from "../page/debugging";
import type { earlier } from "../page/earlier";
import type { erase, uncover } from "../page/erasing";
import type { former } from "../page/former";

export interface Extras {
  /** Always there, put before all else. */
  natives?: Natives;
  debug?: typeof debug;
  earlier?: typeof earlier;
  erase?: typeof erase;
  former?: typeof former;
  uncover?: typeof uncover;
}
