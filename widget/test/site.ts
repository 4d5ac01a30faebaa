/** A site in California that sells and shares, as the service would configure it. */

import type { Rule } from "../src/core/protocol";

export const RULE: Rule = {
  s: "acme",
  d: "aaa",
  r: {},
  u: ["1YNN", "1YYN", "1YYN"],
  g: [[8], "DBABBg~BUUAAACA.QA", "DBABBg~BUUAAACA.YA"],
  m: 300,
  p: pattern(),
};

/** The service's own pattern of what is on record, with the names of other consent tools' cookies. */
export function pattern(theirs?: string): string {
  const text = String.raw`1\.([ad]{3})\.(\w+)\.([0-3])\.(\d{10})\.(\d+)\.[\w.-]*(?![^;])`;
  return `(?:^|; )(__Host-|-)?pc_acme=(?:${text})?${theirs ? `|(${theirs})=` : ""}|$`;
}

export const STRINGS = {
  "aaa0 aad0": "8 DBABBg~BUoAAACA.QA",
  "dda0 ddd0": "8 DBABBg~BUUAAACA.QA",
  "dda1 ddd1": "8 DBABBg~BUUAAACA.YA",
};

export const SECTIONS = {
  "8:usca":
    "Version:6 SaleOptOutNotice SharingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut " +
    "SensitiveDataProcessing:2:9 KnownChildSensitiveDataConsents:2:2 PersonalDataConsents MspaCoveredTransaction " +
    "MspaOptOutOptionMode MspaServiceProviderMode.SubsectionType Gpc:1",
};
