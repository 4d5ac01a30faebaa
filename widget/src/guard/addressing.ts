/**
 * Addressing: the ways in which scripts give an element its address: by property, by attribute, in markup. An element
 * without one may stand anywhere in the page; it loads nothing.
 */

import { blocks } from "./blocked";
import { holds } from "./holding";
import { hook } from "./hook";

const KINDS = "(script|iframe|img|link)";
const KIND = RegExp(`^${KINDS}$`);
/** An opening tag, or as much of it as is there: what is written may go on in the next call. */
const TAGS = RegExp(`<${KINDS}\\b([^>"']|"[^"]*"|'[^']*')*`, "gi");
const ADDRESS = /\s(src|srcset|href)\s*=\s*["']?([^"'\s>]+)/gi;

export function hookAddressing(): void {
  for (const kind of ["Script", "IFrame", "Image", "Link"]) {
    hook((window as any)[`HTML${kind}Element`].prototype, "src srcset href", (go, element, [value]) =>
      holds(element, value, go) || go(),
    );
  }
  for (const { prototype } of [Element, ShadowRoot, Document, Range]) {
    hook(prototype, "setAttribute", (go, element, [name, value]) =>
      (/^(src|srcset|href)$/i.test(name) && KIND.test(element.localName) && holds(element, value, go)) || go(),
    );
    hook(prototype, "innerHTML outerHTML insertAdjacentHTML createContextualFragment write writeln", hookMarkup);
  }
}

/** Marks what may not load. */
function hookMarkup(go: () => unknown, _: unknown, given: any[]): unknown {
  let ours = false;
  given.forEach((markup, at) => {
    const written = `${markup}`;
    const text = written.replace(TAGS, quiet);
    if (text != written) {
      given[at] = text;
      ours = true;
    }
  });
  try {
    return go();
  } catch (error) {
    // Where Trusted Types are demanded a text of ours is refused: nothing is put there.
    if (!ours) throw error;
  }
}

function quiet(tag: string): string {
  return tag.replace(ADDRESS, (all, _, address) => (blocks(address) ? ` data-held-${all.slice(1)}` : all));
}
