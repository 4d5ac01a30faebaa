/**
 * The opt-out icon that CCPA regs § 7015(b) puts beside the link: a pill, check on white and cross on blue, about as
 * high as the text. It brings its own colours, so that it reads the same on any page, dark or in high contrast.
 */

const SVG = "http://www.w3.org/2000/svg";
/** Blue: the half, the check in the other one; not blue, because it runs the other way round: the cross in this one. */
const SHAPES = "M17 0h13v14H14zM4 7l1-1 2 2 4-4 1 1-5 5zm15-2 2 2-2 2 1 1 2-2 2 2 1-1-2-2 2-2-1-1-2 2-2-2z";
// Attributes that style are the policy's to forbid; properties are not.
const STYLE =
  "box-sizing:border-box;width:30px;height:14px;background:#fff;border:1px solid #06f;border-radius:1em;fill:#06f;vertical-align:middle;margin-inline-start:.3em";

export function icon(doc: Document): SVGElement {
  const pill = doc.createElementNS(SVG, "svg");
  const path = doc.createElementNS(SVG, "path");
  pill.setAttribute("viewBox", "1 1 28 12");
  pill.ariaHidden = "true";
  pill.style.cssText = STYLE;
  path.setAttribute("d", SHAPES);
  pill.append(path);
  return pill;
}
