/** Hooking: a function of the browser's behind another that decides first, and looks the same to the page. */

import { quietly } from "../quietly";
import { apply, each, Object, Proxy } from "./taken";

export type Given = any[]; // whatever a page passes

/**
 * @param go calls the browser's own function, with what `given` holds by then
 * @param owner the object that the page called
 */
export type Decide = (go: () => unknown, owner: any, given: Given) => unknown;

/**
 * Hooks the methods, and the setters of the properties, of these names, wherever an object of this kind has them; what
 * the browser doesn't have stays away.
 *
 * A Proxy has the name, the length and the text of the function behind it.
 * https://tc39.es/ecma262/#sec-function.prototype.tostring
 */
export function hook(object: any, names: string, decide: Decide): void {
  each(names, (name) => {
    for (let owner = object; owner; owner = Object.getPrototypeOf(owner)) {
      // What can't be hooked keeps none of the others from it.
      quietly(() => {
        const property = Object.getOwnPropertyDescriptor(owner, name)!;
        const key = property.set ? "set" : "value";
        property[key] = new Proxy(property[key], {
          apply: (native: Function, self: any, given: Given) => decide(() => apply(native, self, given), self, given),
        });
        Object.defineProperty(owner, name, property);
      });
    }
  });
}
