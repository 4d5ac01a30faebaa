/** The view bundle's entry: gives the script that asked for it what draws, in the words of one language. */

import { quietly } from "../quietly";
import type { Asking } from "./asking";
import type { Texts } from "./texts";
import { view } from "./view";

declare const __WORDS__: Texts;

quietly(() => {
  const { built } = document.currentScript as Asking & Element;
  if (built) built((stage, acts) => view(__WORDS__, stage, acts));
});
