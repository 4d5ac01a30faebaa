/**
 * The embed never throws into the host page: what fails here is ours, and the page goes on without it.
 *
 * @returns what came of it, else `otherwise`
 */
export function quietly<T>(act: () => T): T | undefined;
export function quietly<T>(act: () => T, otherwise: T): T;
export function quietly<T>(act: () => T, otherwise?: T): T | undefined {
  try {
    return act();
  } catch (_) {
    return otherwise;
  }
}
