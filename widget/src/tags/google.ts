/** Google: consent mode, version 2, and restricted data processing, for its tags and for its publishers' ads. */

import { queue } from "./queue";
import { decided, denied, open, storage, word } from "./state";
import { wanted } from "./wanted";

interface Ads {
  setPrivacySettings(settings: { restrictDataProcessing: boolean | undefined }): void;
}

declare const googletag: { pubads(): Ads };

/** Google's tags take commands for such only as the very `arguments` of a function. */
function gtag(..._command: unknown[]): void {
  queue("dataLayer").push(arguments);
}

function consent(as: typeof word, state: "denied" | "granted", more?: object | false): void {
  gtag("consent", as, {
    ad_storage: state,
    ad_user_data: state,
    ad_personalization: state,
    ...more,
  });
}

/** Analytics is said with the rest, or left free by what we begin with. */
const analytics = (state: string) => ({ analytics_storage: wanted.consent!.analytics ? state : "granted" });

export function consentMode(): void {
  const state = storage();
  const more = open && wanted.consent!.open;
  // The more specific region wins; what binds there alone leaves the others free until the service has answered.
  if (more && more.region) consent(word, "granted", analytics("granted"));
  consent(word, state, { ...analytics(state), ...more });
  // Counts only as long as `ad_storage` is denied: clicks are then told without their identifiers.
  if (word == "default") gtag("set", "ads_data_redaction", true);
}

/**
 * The page's own default counts as ours does, and a later one more: what is decided is said once more, as an update,
 * which outweighs every default. Nothing that the page keeps for itself is allowed by it.
 */
export function heardByGoogle(given: any[]): void {
  for (const [command, name] of given.filter((entry) => entry && typeof entry[0] == "string")) {
    if (wanted.consent && command == "consent") {
      if (denied) {
        consent(open ? "default" : "update", "denied", {
          ...(wanted.consent.analytics && analytics("denied")),
          ...(open && wanted.consent.open),
        });
      } else if (decided && name == "default") consent("update", "granted", analytics("granted"));
    }
    if (wanted.processing && denied && command == "set") {
      if (/restricted_data_p/.test(JSON.stringify(name))) gtag("set", "restricted_data_processing", true);
    }
  }
}

export function restrictedProcessing(): void {
  gtag("set", "restricted_data_processing", denied);
  const first = word == "default";
  // By what holds when it comes to it: the library may be long in coming.
  queue<{ cmd: unknown[] }>("googletag", { cmd: [] }).cmd.push(() => {
    const ads = googletag.pubads();
    const set = ads.setPrivacySettings;
    // The page's own settings lift no restriction.
    if (first) {
      ads.setPrivacySettings = (settings) =>
        set.call(ads, denied ? { ...settings, restrictDataProcessing: denied } : settings);
    }
    ads.setPrivacySettings({ restrictDataProcessing: denied });
  });
}
