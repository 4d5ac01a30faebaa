/** One place that holds one text. What is behind it (cookie, localStorage, memory) nobody in `core` knows. */

export interface Cell {
  read(): string | undefined;
  /** Never throws; undefined clears. */
  write(text: string | undefined): void;
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
