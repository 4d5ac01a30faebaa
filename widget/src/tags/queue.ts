/** Queues: the global list that a tag reads once it is there; from then on what stands there does it at once. */

import { quietly } from "../quietly";

interface Queue {
  push(...given: unknown[]): unknown;
}

/** While we speak ourselves there is nobody to be answered. */
let speaking = false;

/** The page's queue of this name as it is now, for a tag that has come puts another object in its place. */
export function queue<Kind = Queue>(name: string, empty: unknown = []): Kind {
  const page = window as unknown as Record<string, unknown>;
  return (page[name] = page[name] || empty) as Kind;
}

export function speak(act: () => void): void {
  const before = speaking;
  speaking = true;
  quietly(act);
  speaking = before;
}

/** Answers what somebody else says, as soon as it is said. */
export function answer(act: () => void): void {
  if (!speaking) speak(act);
}

/**
 * Calls `heard` with what the page itself puts there; libraries that come later keep what they find in their own way.
 *
 * @returns what does so with what stood there before
 */
export function hear(name: string, heard: (given: any[]) => void): () => void {
  const listened = queue<any>(name);
  const earlier = [...listened];
  const { push } = listened;
  listened.push = (...given: unknown[]) => {
    const length = push.apply(listened, given);
    answer(() => heard(given));
    return length;
  };
  return () => answer(() => heard(earlier));
}
