/** The data layer: the flag as an event like any other, in the words of the template for Google Tag Manager. */

import { queue } from "./queue";
import { flag } from "./state";

export function dataLayer(): void {
  const { sale, share, sensitive, basis, gpc } = flag;
  queue("dataLayer").push({ event: "privacy_choices", privacy_choices: { sale, share, sensitive, basis, gpc } });
}
