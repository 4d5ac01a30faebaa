/** More: the way to the service's own page about these choices. A form, so that what it takes along is in no address. */

import { parse } from "../core/cookie";
import type { Make } from "../ui/element";
import type { Texts } from "../ui/texts";
import type { Leaving } from "./asking";

export function more(
  make: Make,
  texts: Texts,
  page: string,
  lang: string,
  leaving: Leaving,
): HTMLFormElement {
  const form = make(
    "form",
    {
      method: "post",
      action: `${page}/open`,
      onsubmit() {
        const doc = form.ownerDocument;
        // Where the site's policy lets no form go there, the page is opened without knowing the visitor.
        doc.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
          if (effectiveDirective === "form-action") doc.location.assign(page);
        });
        for (const [name, value] of Object.entries(leave(doc.location.href, lang, leaving))) {
          form.append(make("input", { type: "hidden", name, value }));
        }
      },
    },
    make("button", { id: "privacy-choices-more" }, texts.more),
  );
  return form;
}

/** An allowed that the service has acknowledged. */
const ALLOWED = /^1\.(?!ddd)...\.\w+(\.\d\.\d+)\.[1-9]\d*/;

/** Return the form's fields. From here on this browser's flag is in doubt. */
export function leave(back: string, lang: string, { record, rewrite, remember, fresh }: Leaving): Record<string, string> {
  const text = record() || "";
  const parsed = parse(text);
  const state = fresh();
  remember(state);
  // Whoever thinks again may come back on any way: what was allowed is denied until the service has answered.
  rewrite(text.replace(ALLOWED, "1.ddd.unavailable$1.0"));
  return { lang, visitor: parsed ? parsed.token : text, state, back };
}
