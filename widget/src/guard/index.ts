/**
 * The guard: what scripts of the page add or call is kept from blocked partners while they are denied, without any
 * marking. It stands inline behind the stub, on the sites that have such a partner: code that comes later than the
 * first script of a third party comes too late. It asks for the flag at every call, so that it follows each choice,
 * and it may never throw into the page.
 *
 * It is no wall against a script that wants around it; it keeps the everyday code of tags quiet.
 */

import "./addressing";
import { choices } from "./blocked";
import "./calls";
import { release } from "./holding";
import { quietly } from "../quietly";

quietly(() => {
  addEventListener("privacychoices:change", release);
  void choices.ready.then(release);
});
