/** The prior bundle's entry: reads the cookies that the script hung on its own element, by the site's tables. */

import type { PriorCookie, PriorReading } from "../core/protocol";
import { quietly } from "../quietly";
import type { Asking } from "./asking";
import { deniedBefore, knownBefore } from "./reading";

declare const __PRIOR__: { readonly prior?: readonly PriorReading[]; readonly prior_ids?: readonly PriorCookie[] };

quietly(() => {
  const { cookie = "", noted } = document.currentScript as Asking & Element;
  const { prior = [], prior_ids = [] } = __PRIOR__;
  if (noted) noted(deniedBefore({ cookie }, prior), knownBefore({ cookie }, prior_ids));
});
