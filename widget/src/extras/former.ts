/** The extra `former`; the object that it joins is there because the service puts both into one function. */

import { former } from "../page/former";
import type { Extras } from "./extras";

declare const __EXTRAS__: Extras;

__EXTRAS__.former = former;
