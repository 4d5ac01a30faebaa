/** Calls: requests that carry data. They fail at once, as if there were no network, and are never sent later. */

import { quietly } from "../quietly";
import { blocks } from "./blocked";
import { hook } from "./hook";

const fail = async () => {
  throw new TypeError("denied");
};

/** A scheme that no browser knows: a request to it fails as one without a network does, events and all. */
const NOWHERE = "denied:";

hook(window, "fetch", (go, _, [asked]) =>
  blocks(asked?.url || asked) ? fail() : go(),
);
hook(quietly(() => new XMLHttpRequest()), "open", (go, _, given) => {
  if (blocks(given[1])) given[1] = NOWHERE;
  return go();
});
hook(navigator, "sendBeacon", (go, _, [address]) => !blocks(address) && go());
