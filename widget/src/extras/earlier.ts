/** The extra `earlier`; the object that it joins is there because the service puts both into one function. */

import { earlier } from "../page/earlier";
import type { Extras } from "./extras";

declare const __EXTRAS__: Extras;

__EXTRAS__.earlier = earlier;
