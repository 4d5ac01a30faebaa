/** The extra `looks`; the object that it joins is there because the service puts both into one function. */

import { LOOKS } from "../ui/looks";
import type { Extras } from "./extras";

declare const __EXTRAS__: Extras;

__EXTRAS__.looks = LOOKS;
