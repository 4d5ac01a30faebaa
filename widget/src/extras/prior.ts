/** The extra `prior`; the object that it joins is there because the service puts both into one function. */

import { knownBefore, optedOutBefore } from "../page/prior";
import type { Extras } from "./extras";

declare const __EXTRAS__: Extras;

__EXTRAS__.optedOutBefore = optedOutBefore;
__EXTRAS__.knownBefore = knownBefore;
