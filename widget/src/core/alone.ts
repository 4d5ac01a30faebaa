/** Taking turns: what must not happen twice at once, in this page or in another tab of the site. */

/** Runs `act` when nothing else that was given here is running; gives what came of it. */
export type Alone = <Made>(act: () => Promise<Made>) => Promise<Made>;

/**
 * One after the other within this page.
 *
 * @param around what else each turn waits for
 */
export function queued(around: Alone = (act) => act()): Alone {
  let last: Promise<unknown> = (async () => {})();
  return (act) => {
    const turn = last.then(() => around(act));
    last = turn.catch(() => {});
    return turn;
  };
}
