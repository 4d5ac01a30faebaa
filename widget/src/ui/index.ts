/** The view bundle's entry: gives the script that asked for it what draws, in the words of one language. */

import { quietly } from "../quietly";
import type { Asking } from "./asking";
import type { Texts } from "./texts";
import { view } from "./view";

declare const __WORDS__: Texts;
/** Styles of the site's look; undefined where it is a bar. */
declare const __LOOKS__: string | undefined;

quietly(() => {
  const { built } = document.currentScript as Asking & Element;
  if (built) built((stage, acts) => view(__WORDS__, __LOOKS__ || "", stage, acts));
});
