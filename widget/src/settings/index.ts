/** The settings bundle's entry: gives the view that asked for it what builds the dialog. */

import { quietly } from "../quietly";
import type { Asking } from "./asking";
import { dialog } from "./dialog";

quietly(() => {
  const { built } = document.currentScript as Asking & Element;
  if (built) built(dialog);
});
