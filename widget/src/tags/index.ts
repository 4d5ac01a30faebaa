/**
 * Tags: tells the tags of others, each in its own words and every state once, what may be done with this visitor's
 * data. Stands inline behind the stub on the sites that ask for it, for a tag reads its defaults when it first runs,
 * and may never throw into the page.
 */

import { quietly } from "../quietly";
import { consentMode, heardByGoogle, restrictedProcessing } from "./google";
import { dataLayer } from "./layer";
import { limitedDataUse } from "./meta";
import { consentOfUet, heardByUet } from "./microsoft";
import { hear, speak } from "./queue";
import { choices, denied, flag, look, open } from "./state";
import { wanted } from "./wanted";

const { optOut } = choices;
let letters: string | undefined;

function tell(settled?: unknown): void {
  const before = denied;
  const opened = open;
  const lettersBefore = letters;
  look(settled);
  letters = flag.sale + flag.share + flag.sensitive;
  const turned = denied != before;
  if (wanted.consent && (turned || open != opened)) speak(consentMode);
  if (wanted.processing && turned) speak(restrictedProcessing);
  if (wanted.meta) speak(limitedDataUse); // remembers itself whom it has told what
  if (wanted.uet && turned) speak(consentOfUet);
  if (wanted.layer && letters != lettersBefore) speak(dataLayer);
}

const google = (wanted.consent || wanted.processing) && quietly(() => hear("dataLayer", heardByGoogle));
const uet = wanted.uet && quietly(() => hear("uetq", heardByUet));
tell();
// What stood there before us may bind in a region of its own.
if (google) google();
if (uet) uet();
// The stub alone tells nobody that somebody opted out.
choices.optOut = () => {
  optOut();
  tell(1);
};
addEventListener("privacychoices:change", tell);
// What the script knew better from its beginning is no change to it.
void choices.ready.then(tell);
