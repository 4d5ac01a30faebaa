/**
 * Makes elements of one document. A class is also the part by which a site's own style sheet can name the element.
 */

import { assign } from "../assign";

type Properties<Tag extends keyof HTMLElementTagNameMap> = Partial<HTMLElementTagNameMap[Tag]>;

export type Make = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties?: Properties<Tag>,
  ...children: readonly (Node | string)[]
) => HTMLElementTagNameMap[Tag];

export function maker(doc: Document): Make {
  return (tag, properties = {}, ...children) => {
    const made = assign(doc.createElement(tag), properties);
    made.setAttribute("part", made.className);
    made.append(...children);
    return made;
  };
}

/** The way out of whatever it stands in; it chooses nothing. */
export function closer(make: Make, id: string, ariaLabel: string, onclick: () => void): HTMLElement {
  return make("button", { id, className: "close", ariaLabel, onclick }, "\u00d7");
}

/** Picture of a switch; `aria-checked` around it tells which way it stands. */

export function track(make: Make): HTMLElement {
  return make("span", { className: "track" }, make("span", { className: "knob" }));
}
