/*
 * A site's Prebid: its consent modules, its US control modules and one bidder. `auction()` holds one auction on
 * the page and answers what the activity controls say of the bidder's syncs.
 */
import pbjs from "prebid.js";
import "prebid.js/modules/consentManagementGpp.js";
import "prebid.js/modules/consentManagementUsp.js";
import "prebid.js/modules/gppControl_usnat.js";
import "prebid.js/modules/gppControl_usstates.js";

import { ortbConverter } from "./modules/prebid.js/dist/src/libraries/ortbConverter/converter.js";
import { activityParams } from "./modules/prebid.js/dist/src/src/activities/activityParams.js";
import { isActivityAllowed } from "./modules/prebid.js/dist/src/src/activities/rules.js";
import { registerBidder } from "./modules/prebid.js/dist/src/src/adapters/bidderFactory.js";

const ADDRESS = globalThis.bidderAddress;
const SYNC = "syncUser";
const converter = ortbConverter({ context: { netRevenue: true, ttl: 30, mediaType: "banner" } });

registerBidder({
  code: "adnet",
  isBidRequestValid: () => true,
  buildRequests: (bidRequests, bidderRequest) => ({
    method: "POST",
    url: `${ADDRESS}/bid`,
    data: converter.toORTB({ bidRequests, bidderRequest }),
    options: { contentType: "text/plain", withCredentials: false },
  }),
  interpretResponse: ({ body }, { data }) => converter.fromORTB({ response: body, request: data }).bids,
  getUserSyncs: (_options, _responses, _tcf, usp, gpp) => {
    const said = new URLSearchParams({ us_privacy: usp, gpp: gpp?.gppString, gpp_sid: gpp?.applicableSections });
    return [{ type: "image", url: `${ADDRESS}/sync?${said}` }];
  },
});

pbjs.processQueue();
pbjs.setConfig({
  consentManagement: { gpp: { cmpApi: "iab", timeout: 3000 }, usp: { cmpApi: "iab", timeout: 3000 } },
  userSync: { syncDelay: 0, filterSettings: { image: { bidders: "*", filter: "include" } } },
});

globalThis.auction = () =>
  new Promise((done) => {
    pbjs.requestBids({
      adUnits: [{ code: "foot", mediaTypes: { banner: { sizes: [[300, 250]] } }, bids: [{ bidder: "adnet", params: {} }] }],
      bidsBackHandler: () => done(isActivityAllowed(SYNC, activityParams("bidder", "adnet", { syncType: "image" }))),
    });
  });
