/** Viewing: which language's view a page gets. Each is a bundle of its own, with its words in it. */

import type { Config } from "../core/protocol";
import type { Asking, Draw } from "../ui/asking";
import type { Load } from "./loading";

export interface Spoken {
  readonly lang: string;
  readonly draw: Draw;
}

/** In characters: longer than any tag that a site offers. */
const LONGEST_TAG = 99;

/** Milliseconds after which nobody waits for the page's language any more. */
const PATIENCE = 3000;

/**
 * Fetch the view in the page's language or its nearest parent: in the site's own where it offers no such language, and
 * where that view can't be had in time. Rejects when not even the site's own can be had.
 *
 * @param pageLang what the page says of itself
 */
export function viewIn({ lang, views }: Pick<Config, "lang" | "views">, pageLang: string, load: Load): Promise<Spoken> {
  return new Promise((done, failed) => {
    // Cut: what a tag loses there no language is told by, and each part that it has is a look-up of what is before it.
    let wanted = pageLang.slice(0, LONGEST_TAG).toLowerCase();
    // RFC 4647 § 3.4: a tag loses its last parts until one is offered. Every object has a `constructor`, but no address.
    while (wanted && typeof views[wanted] != "string") {
      wanted = wanted.slice(0, Math.max(0, wanted.lastIndexOf("-")));
    }
    wanted = wanted || lang;
    const timer = wanted == lang ? undefined : setTimeout(fetchOf, PATIENCE, lang);
    fetchOf(wanted);

    function fetchOf(its: string): void {
      const asking: Asking & Partial<HTMLScriptElement> = {
        built(draw) {
          clearTimeout(timer);
          done({ lang: its, draw });
        },
        onerror() {
          clearTimeout(timer);
          if (its == lang) failed();
          else fetchOf(lang);
        },
      };
      load(views[its]!, asking);
    }
  });
}
