/** The settings bundle's entry: gives the script that asked for it what builds the dialog, with the words for it. */

import { quietly } from "../quietly";
import type { Texts } from "../ui/texts";
import type { Asking } from "./asking";
import { dialog } from "./dialog";

/** The words that only the settings need, in the script's own language; a further one brings all of its words. */
declare const __WORDS__: Partial<Texts>;

quietly(() => {
  const { built } = document.currentScript as Asking & Element;
  if (built) built((given) => dialog({ ...given, texts: { ...__WORDS__, ...given.texts } }));
});
