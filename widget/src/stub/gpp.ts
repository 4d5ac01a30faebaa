/**
 * The stub's `__gpp`: it stays when the script comes, and who listens to it, with their ids. Until then it knows the
 * flag alone: a denial is said at once, for the rest it is not ready. Where no script comes it says opted out, because
 * who waits for an answer in vain goes on without one.
 */

import type { Voice } from "../core/gpp";
import type { Flag, Rule } from "../core/protocol";
import { quietly } from "../quietly";
import { later } from "./waiting";

declare const __STUB__: Rule;
declare const privacyChoices: { flag(): Flag };

/** Milliseconds; readers wait ten seconds. */
const PATIENCE = 5e3;

let late: unknown;

export const voice = {
  listeners: [,], // no listener has the id 0
  say(listenerId: number, eventName: string, data: unknown) {
    // What it throws is theirs to mend; the others are told.
    quietly(() => voice.listeners[listenerId]!({ eventName, listenerId, data, pingData: voice.ping() }, true));
  },
  ping() {
    const denied = late || privacyChoices.flag().us_privacy[2]! > "X"; // "Y": opted out
    return {
      gppVersion: "1.1",
      cmpId: 1,
      cmpStatus: "stub",
      cmpDisplayStatus: "hidden",
      signalStatus: denied ? "ready" : "not ready",
      sectionList: [],
      supportedAPIs: [],
      applicableSections: denied ? [...__STUB__.g[0]] : [],
      gppString: denied ? __STUB__.g[(1 + (privacyChoices.flag().gpc as unknown as number)) as 1 | 2] : "",
      parsedSections: {},
    };
  },
  answer: later(/* @__KEY__ */ "answer"),
  hear: later(/* @__KEY__ */ "hear"),
} as unknown as { -readonly [part in keyof Voice]: Voice[part] };

/** Nothing of the page's is missing where this fails. */
export const waitForScript = () => {
  voice.timer = setTimeout(() => {
    late = 1;
    voice.listeners.map((_: unknown, id: number) => voice.say(id, "signalStatus", "ready"));
  }, PATIENCE) as unknown as number;
};

/** The page's function. */
export const gpp: Voice["answer"] = (command, callback, parameter) =>
  quietly(() =>
    command == "ping"
      ? callback!(voice.ping(), true)
      : command == "addEventListener"
        ? voice.say(voice.listeners.push(callback) - 1, "listenerRegistered", true)
        : voice.answer(command, callback, parameter),
  );
