/**
 * Puts each of these properties into an object. `Object.assign` would be that of a frame which may be gone by now, and
 * Chromium never calls a handler (`onclick`, `onerror`) that a function of such a frame has put there.
 */
export function assign<To extends object, From extends object>(to: To, from: From): To & From {
  Object.keys(from).forEach((name) => {
    (to as any)[name] = (from as any)[name];
  });
  return to as To & From;
}
