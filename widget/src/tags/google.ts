/** Google: consent mode, version 2, and restricted data processing, for its tags and for its publishers' ads. */

import { queue } from "./queue";
import { denied, open, storage, word } from "./state";
import { wanted } from "./wanted";

declare const googletag: {
  pubads(): { setPrivacySettings(settings: { restrictDataProcessing: boolean | undefined }): void };
};

/** Google's tags take commands for such only as the very `arguments` of a function. */
function gtag(..._command: unknown[]): void {
  queue("dataLayer").push(arguments);
}

function consent(state: "denied" | "granted", more?: object | false): void {
  gtag("consent", word, {
    ad_storage: state,
    ad_user_data: state,
    ad_personalization: state,
    analytics_storage: wanted.consent!.analytics ? state : "granted",
    ...more,
  });
}

export function consentMode(): void {
  const more = open && wanted.consent!.open;
  // The more specific region wins; what binds there alone leaves the others free until the service has answered.
  if (more && more.region) consent("granted");
  consent(storage(), more);
  // Counts only as long as `ad_storage` is denied: clicks are then told without their identifiers.
  if (word == "default") gtag("set", "ads_data_redaction", true);
}

export function restrictedProcessing(): void {
  gtag("set", "restricted_data_processing", denied);
  // By what holds when it comes to it: the library may be long in coming.
  queue<{ cmd: unknown[] }>("googletag", { cmd: [] }).cmd.push(() =>
    googletag.pubads().setPrivacySettings({ restrictDataProcessing: denied }),
  );
}
