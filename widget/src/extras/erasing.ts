/** The extra `erasing`; the object that it joins is there because the service puts both into one function. */

import { erase, uncover } from "../page/erasing";
import type { Extras } from "./extras";

declare const __EXTRAS__: Extras;

Object.assign(__EXTRAS__, { erase, uncover });
