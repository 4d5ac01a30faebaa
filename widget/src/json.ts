/** JSON text of plain data. Old libraries hang a `toJSON` on every array or object of the page; a copy hides it. */

export const json = (data: unknown): string => JSON.stringify(copied(data));

function copied(data: any): unknown {
  if (!data || typeof data != "object") return data;
  const copy: any = Array.isArray(data) ? [] : Object.create(null);
  for (const key of Object.keys(data)) copy[key] = copied(data[key]);
  copy.toJSON = undefined; // no function, and no member of an array: it stands in no text
  return copy;
}
