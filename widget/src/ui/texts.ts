/** Which words are shown. The words themselves come with the site's configuration, whole for each language. */

import type words from "../../../templates/texts/en.json";

export type Texts = Readonly<typeof words>;

/** In characters: longer than any tag that a site offers. */
const LONGEST_TAG = 99;

/** The words in the page's language or its nearest parent, else in the site's own, and which language that is. */
export function textsFor(
  offered: Readonly<Record<string, Texts>>,
  pageLang: string,
  siteLang: string,
): { lang: string; texts: Texts } {
  // Cut: what a tag loses there no language is told by, and each part that it has is a look-up of what is before it.
  let lang = pageLang.slice(0, LONGEST_TAG).toLowerCase();
  // RFC 4647 § 3.4: a tag loses its last parts until one is offered. Every object has a `constructor`, but no words.
  while (lang && !offered[lang]?.close) lang = lang.slice(0, Math.max(0, lang.lastIndexOf("-")));
  lang = lang || siteLang;
  return { lang, texts: offered[lang] as Texts };
}
