/**
 * Natives: the browser's own functions, as they are before any script of the page has changed them. They come from an
 * empty document in a frame: a function of that document does the same to ours. What belongs to one document (timers,
 * observers, requests) is taken from ours, unless something else stands under its name.
 *
 * The build turns whatever the source uses of the browser into one of these (see scripts/natives.mjs).
 */

import { quietly } from "./quietly";

/** The names of the globals and classes that the bundle uses, put there by the build. */
declare const __NATIVES__: readonly string[];

const page: any = window;
const realm: any = {};

/**
 * Takes all at once. Frameworks take frames away, and Chromium then knows no class of theirs that nobody has asked for
 * before; what was asked for goes on working in all browsers.
 */
function takeFrom(source: any): true {
  for (let at = 0; at < __NATIVES__.length; at++) realm[__NATIVES__[at]!] = source[__NATIVES__[at]!];
  return !!realm.Reflect.apply as true; // throws where it is no such document
}

/** Before there is a body the stub has put no frame there: one of our own does, and is gone before anybody sees it. */
function takeFromOwnFrame(): true | undefined {
  const frame = document.createElement("iframe");
  document.documentElement.append(frame);
  const done = quietly(() => takeFrom(frame.contentWindow));
  frame.remove();
  return done;
}

// Where neither may be looked into, it is the page itself.
quietly(() => takeFrom(page.__gppLocator)) || quietly(takeFromOwnFrame) || takeFrom(page);

const { Function, Object, Reflect, String } = realm;
const { apply } = Reflect;
const text = (native: unknown) => apply((typeof native == "function" ? Function : Object).prototype.toString, native, []);

/** The nearest class of this object's that was taken: a button's is `Element`. Each name is looked for once. */
function classOf(self: unknown): any {
  const named = apply(String.prototype.slice, apply(Object.prototype.toString, self, []), [8, -1]);
  return (realm[named] = realm[named] || classOf(Reflect.getPrototypeOf(self)));
}

/**
 * Each method of the browser's by its name, as a function whose first parameter is what it is called on. Where somebody
 * has put a class of their own in the browser's place in every frame, it may lack the method.
 */
export const $methods = new realm.Proxy({}, {
  get: (_: unknown, name: string) =>
    (self: any, ...given: unknown[]): any =>
      apply(classOf(self).prototype[name] || self[name], self, given),
});

/** The global of this name: the page's as long as it reads like the browser's, else the other, which then works for the page. */
export const found = (name: string): any =>
  quietly(() => text(page[name]) == text(realm[name]))
    ? page[name]
    : quietly(() => apply(Function.prototype.bind, realm[name], [page]), realm[name]);
