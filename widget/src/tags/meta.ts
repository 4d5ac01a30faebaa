/**
 * Meta: limited data use. The pixel must hear of it before it begins, and its base code does nothing where a `fbq`
 * stands already: so none can be made here. An accessor lies in wait instead, keeps what the page puts there, and is
 * gone as soon as the pixel has heard. What comes past it (a function declared in its place, a `let`) hears of it when
 * the page is there.
 */

import { answer, speak } from "./queue";
import { denied, word } from "./state";

interface Pixel {
  (command: string, ...given: unknown[]): void;
  readonly queue?: unknown;
}

/** By its bare name: a `let` is no property of the window. */
declare const fbq: Pixel | undefined;

const page = window as unknown as { fbq?: Pixel; _fbq?: Pixel };
let pixel: Pixel | undefined;
/** Pixel that was told last, and the state that it was told. */
let heardBy: Pixel | undefined;
let lastDenied: boolean | undefined;

export function limitedDataUse(): void {
  if (word == "default") {
    addEventListener("DOMContentLoaded", () => speak(say));
    pixel = page.fbq;
    Object.defineProperty(page, "fbq", {
      configurable: true,
      get: handOver,
      set(given: Pixel) {
        pixel = given;
        handOver();
      },
    });
  }
  say();
}

function say(): void {
  if (typeof fbq != "function" || (fbq == heardBy && denied == lastDenied)) return;
  heardBy = fbq;
  lastDenied = denied;
  // The United States and California; 0 and 0 would let Meta decide where the visitor is.
  fbq("dataProcessingOptions", ...(denied ? [["LDU"], 1, 1000] : [[]]));
}

/** Before it has its queue it takes no calls, and nobody has it but its own base code. */
function handOver(): Pixel | undefined {
  if (pixel?.queue) {
    const heard = pixel;
    pixel = new Proxy(pixel, {
      apply(_, self, given: Parameters<Pixel>) {
        const result: unknown = Reflect.apply(heard, self, given);
        // The page's own options come after ours: what is denied is said once more.
        if (given[0] == "dataProcessingOptions") {
          answer(() => {
            if (!denied) return;
            heardBy = undefined;
            say();
          });
        }
        return result;
      },
    });
    delete page.fbq;
    page.fbq = pixel;
    if (page._fbq == heard) page._fbq = pixel;
    speak(say);
  }
  return pixel;
}
