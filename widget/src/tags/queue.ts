/** Queues: the global list that a tag reads once it is there; from then on what stands there does it at once. */

interface Queue {
  push(...given: unknown[]): unknown;
}

/** The page's queue of this name as it is now, for a tag that has come puts another object in its place. */
export function queue<Kind = Queue>(name: string, empty: unknown = []): Kind {
  const page = window as unknown as Record<string, unknown>;
  return (page[name] = page[name] || empty) as Kind;
}
