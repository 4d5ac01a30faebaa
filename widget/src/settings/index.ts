/** The settings bundle's entry: gives the script that asked for it what builds the dialog, with the words for it. */

import { quietly } from "../quietly";
import type { Texts } from "../ui/texts";
import type { Asking } from "./asking";
import { dialog } from "./dialog";

/** By language: the words that only the settings need. */
declare const __WORDS__: Readonly<Record<string, Partial<Texts>>>;

quietly(() => {
  const { built } = document.currentScript as Asking & Element;
  if (built) built((given) => dialog({ ...given, texts: { ...given.texts, ...__WORDS__[given.lang] } }));
});
