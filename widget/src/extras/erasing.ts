/** The extra `erasing`; the object that it joins is there because the service puts both into one function. */

import { erase } from "../page/erasing";
import type { Extras } from "./extras";

declare const __EXTRAS__: Extras;

__EXTRAS__.erase = erase;
