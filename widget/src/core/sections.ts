/** Sections: the fields of a GPP string, read by the layouts that the service wrote into the configuration. Pure. */

import type { Fields } from "./gpp";

/**
 * By API prefix (`usca`), each an array of its sub-sections.
 *
 * @param ids the sections that stand in the string, ascending
 * @param layouts `8:usca` -> fields as `Name:bits:count`, a dot before the sub-section
 */
export function sectionsOf(
  gpp: string,
  ids: readonly number[],
  layouts: Readonly<Record<string, string>>,
): Record<string, readonly Fields[]> {
  const texts = gpp.split("~");
  const apis = Object.entries(layouts).map(([api, layout]) => [...api.split(":"), layout] as [string, string, string]);
  return Object.fromEntries(
    apis
      .filter(([id]) => ids.includes(+id))
      .map(([id, prefix, layout]) => {
        const parts = layout.split(".");
        const text = texts[ids.indexOf(+id) + 1] as string;
        return [prefix, text.split(".").map((part, at) => fieldsOf(part, parts[at] || ""))];
      }),
  );
}

function fieldsOf(text: string, layout: string): Fields {
  const bits = Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (byte) =>
    byte.charCodeAt(0).toString(2).padStart(8, "0"),
  ).join("");
  let at = 0;
  return Object.fromEntries(
    layout.split(" ").map((field) => {
      const [name, width = 2, count] = field.split(":") as [string, number?, number?];
      const take = () => parseInt(bits.slice(at, (at += +width)), 2);
      // One bit says yes or no.
      return [name, count ? Array.from({ length: +count }, take) : +width > 1 ? take() : !!take()];
    }),
  );
}
