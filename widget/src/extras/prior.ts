/** The extra `prior`; the object that it joins is there because the service puts both into one function. */

import { deniedBefore, knownBefore } from "../page/prior";
import type { Extras } from "./extras";

declare const __EXTRAS__: Extras;

__EXTRAS__.deniedBefore = deniedBefore;
__EXTRAS__.knownBefore = knownBefore;
