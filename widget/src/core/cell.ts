/** One place that holds one text. What is behind it (cookie, localStorage, memory) nobody in `core` knows. */

export interface Cell {
  read(): string | undefined;
  /** Never throws; undefined clears. */
  write(text: string | undefined): void;
}

/** The site's record in this browser. `read` gives what the page's own texts say together, and never who else's. */
export interface RecordCell extends Cell {
  /** Every text, each with the name of its cookie: what the flag is made from. */
  all(): string;
  /** Return whether own texts differ in what they allow: then one of them is not known to the other's writer. */
  torn(): boolean;
  /** Return whether a cookie that is no longer believed says that somebody opted out. */
  former(): boolean;
}

/** A cell that lives as long as the page: what the others fall back on. */
export function memoryCell(): Cell {
  let held: string | undefined;
  return {
    read: () => held,
    write: (text) => {
      held = text;
    },
  };
}
