/** More: the way to the service's own page about these choices. A form, so that what it takes along is in no address. */

import type { Make } from "../ui/element";
import type { Texts } from "../ui/texts";
import type { Leaving } from "./asking";
import { leave } from "./leaving";

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
