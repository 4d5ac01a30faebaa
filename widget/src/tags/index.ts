/**
 * Tags: tells the tags of others, each in its own words and every state once, what may be done with this visitor's
 * data. Stands inline behind the stub on the sites that ask for it, for a tag reads its defaults when it first runs,
 * and may never throw into the page.
 */

import { quietly } from "../quietly";
import { consentMode, restrictedProcessing } from "./google";
import { dataLayer } from "./layer";
import { limitedDataUse } from "./meta";
import { consentOfUet } from "./microsoft";
import { choices, denied, flag, look, open } from "./state";
import { wanted } from "./wanted";

const { optOut } = choices;
let letters: string | undefined;

function tell(settled?: unknown): void {
  const before = denied;
  const opened = open;
  const said = letters;
  look(settled);
  letters = flag.sale + flag.share + flag.sensitive;
  const turned = denied != before;
  if (wanted.consent && (turned || open != opened)) quietly(consentMode);
  if (wanted.processing && turned) quietly(restrictedProcessing);
  if (wanted.meta) quietly(limitedDataUse); // remembers itself whom it has told what
  if (wanted.uet && turned) quietly(consentOfUet);
  if (wanted.layer && letters != said) quietly(dataLayer);
}

tell();
// The stub alone tells nobody that somebody opted out.
choices.optOut = () => {
  optOut();
  tell(1);
};
addEventListener("privacychoices:change", tell);
// What the script knew better from its beginning is no change to it.
void choices.ready.then(tell);
