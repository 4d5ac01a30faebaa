/** Interface between the script and the writing bundle. Types only. */

/** Lets what this script writes go where that element stands; returns the function that ends what it left open. */
export type Runs = (script: HTMLScriptElement, marked: HTMLScriptElement) => () => void;

/** Given the scripts in what one of these has written, marked as it was. */
export type Found = (scripts: Iterable<HTMLScriptElement>, writer: HTMLScriptElement) => void;

export interface Waits {
  readonly found: Found;
  /** The stack of the script itself, by which it is known. */
  readonly stack: string;
  readonly hooked: (runs: Runs) => void;
}
