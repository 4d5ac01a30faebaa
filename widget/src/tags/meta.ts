/**
 * Meta: limited data use. The pixel must hear of it before it begins, and its base code does nothing where a `fbq`
 * stands already: so none can be made here. An accessor lies in wait instead, keeps what the page puts there, and is
 * gone as soon as the pixel has heard.
 */

import { quietly } from "../page/quietly";
import { denied, word } from "./state";

interface Pixel {
  (command: string, ...given: unknown[]): void;
  readonly queue?: unknown;
}

const page = window as unknown as { fbq?: Pixel };
let pixel: Pixel | undefined;
let heard: 1 | undefined;

export function limitedDataUse(): void {
  if (heard) return say();
  if (word == "update") return; // it lies in wait already
  pixel = page.fbq;
  become({
    configurable: true,
    get: handOver,
    set(given: Pixel) {
      pixel = given;
    },
  });
  handOver();
}

function say(): void {
  heard = 1;
  // The United States and California; 0 and 0 would let Meta decide where the visitor is.
  page.fbq!("dataProcessingOptions", ...(denied ? [["LDU"], 1, 1000] : [[]]));
}

/** Before it has its queue it takes no calls, and nobody has it but its own base code. */
function handOver(): Pixel | undefined {
  if (pixel?.queue) {
    become({ value: pixel, writable: true });
    quietly(say);
  }
  return pixel;
}

function become(property: PropertyDescriptor): void {
  Object.defineProperty(page, "fbq", property);
}
