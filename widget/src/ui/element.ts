/** Makes an element with attributes (`on*` are listeners) and children. */

type Attributes = Readonly<Record<string, string | ((event: Event) => void)>>;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  doc: Document,
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = doc.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") made.setAttribute(name, value);
    else made.addEventListener(name.slice(2), value);
  }
  made.append(...children);
  return made;
}
