/**
 * Taken: functions of the browser's, as they are when the guard runs, which is before any script of a third party. What
 * it uses later comes from here, or is an object's own.
 */

export const { apply } = Reflect;

/** The method as a function whose first parameter is what it is called on. */
export const taken =
  (native: Function) =>
  (self: unknown, ...given: unknown[]): any =>
    apply(native, self, given);

/** The pattern, with its own `exec`. */
export function own(pattern: RegExp): RegExp {
  pattern.exec = pattern.exec;
  return pattern;
}
