/**
 * Which words are shown. Those of the site's own language come with its configuration; those of a further one are a file
 * of their own, which is fetched for the pages that are in it.
 */

import type words from "../../../templates/texts/en.json";
import type { Config } from "../core/protocol";
import type { Load } from "../page/loading";

export type Texts = Readonly<typeof words>;

/** In characters: longer than any tag that a site offers. */
const LONGEST_TAG = 99;

export interface Spoken {
  readonly lang: string;
  readonly texts: Texts;
}

/** The element that loads a language's words. */
export interface Telling {
  told(texts: Texts): void;
}

/** Milliseconds after which nobody waits for the page's language any more. */
const PATIENCE = 3000;

/**
 * Return the words in the page's language or its nearest parent. They are the site's own where it offers no such
 * language, and where its words can't be had in time.
 *
 * @param pageLang what the page says of itself
 */
export function spokenIn(
  { lang, texts, words }: Pick<Config, "lang" | "texts" | "words">,
  pageLang: string,
  load: Load,
): Promise<Spoken> {
  return new Promise((done) => {
    const own = () => done({ lang, texts: texts as Texts });
    // Cut: what a tag loses there no language is told by, and each part that it has is a look-up of what is before it.
    let wanted = pageLang.slice(0, LONGEST_TAG).toLowerCase();
    // RFC 4647 § 3.4: a tag loses its last parts until one is offered. Every object has a `constructor`, but no words.
    while (wanted && wanted !== lang && typeof words?.[wanted] != "string") {
      wanted = wanted.slice(0, Math.max(0, wanted.lastIndexOf("-")));
    }
    if (!wanted || wanted === lang) return own();
    setTimeout(own, PATIENCE);
    const telling: Telling & Partial<HTMLScriptElement> = {
      told: (its) => done({ lang: wanted, texts: its }),
      onerror: own,
    };
    load(words![wanted]!, telling);
  });
}
