/** The embed never throws into the host page: what fails here is ours, and the page goes on without it. */
export function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
