/**
 * Natives: the browser's own functions, as they are before any script of the page has changed them. They come from the
 * empty document in the frame that the stub put there; a function of that document does the same to ours. What belongs
 * to one document (timers, observers, requests) is taken from ours, unless something else stands under its name.
 *
 * The build turns whatever the source uses of the browser into one of these (see scripts/natives.mjs).
 */

import { quietly } from "./quietly";

const page: any = window;

/** Without such a frame, or where it may not be looked into, it is the page itself. */
const realm = quietly(() => page.__gppLocator.Array && page.__gppLocator) || page;
const { Function, Object, Reflect, String } = realm;
const { apply } = Reflect;
const text = (native: unknown) => apply(Function.prototype.toString, native, []);

/** Each method of the browser's by its name, as a function whose first parameter is what it is called on. A
 * frame in which somebody has put a class of their own in the browser's place may lack it. */
export const $methods = new realm.Proxy({}, {
  get: (_: unknown, name: string) =>
  (self: any, ...given: unknown[]): any =>
    apply(realm[apply(String.prototype.slice, apply(Object.prototype.toString, self, []), [8, -1])].prototype[name] || self[name], self, given)});

/** The global of this name: the page's as long as it reads like the browser's. */
export const found = (name: string): any =>
  quietly(() => text(page[name]) == text(realm[name])) ? page[name] : realm[name];
