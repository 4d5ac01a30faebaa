/**
 * Every visible word, with its English default. Wording by CCPA regs § 7004: plain, the choice itself in words, no
 * double negatives, both ways said with equal weight.
 */

export const ENGLISH = {
  banner_label: "Privacy choices",
  banner_title: "Your privacy choices",
  banner_text:
    "This site may sell your personal information or share it for cross-context behavioral advertising. " +
    "You can stop that now or at any time later.",
  banner_text_denied:
    "This site does not sell your personal information or share it for cross-context behavioral advertising " +
    "unless you allow it.",
  opt_out: "Do not sell or share",
  keep: "Keep as is",
  allow: "Allow sale and sharing",
  close: "Close",
  settings: "Your Privacy Choices",
  settings_text:
    "You decide whether this site may sell your personal information or share it for cross-context behavioral " +
    "advertising. The site works the same either way.",
  switch_label: "Sale and sharing of my personal information",
  state_allowed: "Allowed",
  state_denied: "Stopped: you are opted out",
  signal: "Your browser sends an opt-out preference signal (Global Privacy Control), and this site honors it.",
  confirm_text: "To allow sale and sharing, confirm on the page that opens in a new tab.",
  confirm: "Open the confirmation page",
  failed: "The service could not be reached. Nothing has changed; please try again later.",
  honored: "Opt-Out Request Honored",
  opted_out: "You are opted out of the sale and sharing of your personal information.",
} as const;

export type Texts = { readonly [Key in keyof typeof ENGLISH]: string };

/** The texts in the page's language as far as the site has them, and which language that is. */
export function textsFor(
  configured: Readonly<Record<string, Readonly<Record<string, string>>>>,
  pageLang: string,
): { lang: string; texts: Texts } {
  const wanted = [pageLang.toLowerCase(), pageLang.toLowerCase().split("-")[0] as string];
  const lang = wanted.find((tag) => configured[tag]) || "en";
  return { lang, texts: { ...ENGLISH, ...configured[lang] } };
}
