/** The extra `debugging`; the object that it joins is there because the service puts both into one function. */

import { debug } from "../page/debugging";
import type { Extras } from "./extras";

declare const __EXTRAS__: Extras;

__EXTRAS__.debug = debug;
