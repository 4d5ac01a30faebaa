/** Staying: an element of ours outlives a framework that draws the page anew. */

/** After so many times somebody wants it gone: two that never give in would halt the page. */
const ENOUGH = 50;

/** Returns the function to call when elements were taken out. */
export function staying(doc: Document, element: Element | undefined): () => void {
  let times = 0;
  return () => {
    if (element && !element.isConnected && times++ < ENOUGH) doc.documentElement.append(element);
  };
}
