/**
 * Announcing: what `__gpp` says once the script is there, and in which order its listeners hear of a change: not
 * ready, then what is seen, then each section, then ready. Never `error`: whatever fails, it can say opted out.
 */

import type { Ping, Voice } from "./gpp";
import type { Flag } from "./protocol";
import { json } from "../json";
import { quietly } from "../quietly";
import { sectionsOf } from "./sections";

export interface Announcing {
  /** From here on listeners are told. */
  begin(flag: Flag, known: boolean): void;
  /** `draw` shows what is different; in between, because the order says so. `known`: nobody has to be waited for. */
  update(flag: Flag, known: boolean, draw: () => void): void;
  /** Tells listeners if question or settings are to be seen. */
  seen(visible: boolean): void;
}

export function announcing(voice: Voice, layouts: Readonly<Record<string, string>>, first: Flag): Announcing {
  const before = voice.ping();
  const earlier = before.gppString;
  // What the stub had said is taken back in the same way as anything else.
  let state: Ping = { ...before, supportedAPIs: Object.keys(layouts), ...(earlier && earlier !== first.gpp ? {} : content(first)) };

  // A copy for each who asks: what one of them changes is no answer to another.
  voice.ping = () => JSON.parse(json(state));
  voice.answer = answering(voice);

  function content({ gpp = "", gpp_sid = [] }: Flag): Partial<Ping> {
    const sectionList = gpp_sid.filter((id) => id > 0);
    const parsedSections = sectionsOf(gpp, sectionList, layouts);
    return { gppString: gpp, applicableSections: gpp_sid, sectionList, parsedSections };
  }

  function tell(event: "cmpStatus" | "cmpDisplayStatus" | "signalStatus", data: string): void {
    state = { ...state, [event]: data };
    announce(event, data);
  }

  function announce(event: string, data: string): void {
    // Who is added meanwhile hears of the next one.
    [...voice.listeners].forEach((_, id) => voice.listeners[id] && voice.say(id, event, data));
  }

  function update(flag: Flag, known: boolean, draw: () => void): void {
    const changed = flag.gpp !== state.gppString;
    if (state.signalStatus === "ready" && (changed || !known)) tell("signalStatus", "not ready");
    draw();
    if (changed) {
      state = { ...state, ...content(flag) };
      for (const prefix in state.parsedSections) announce("sectionChange", prefix);
    }
    if (known && state.signalStatus !== "ready") tell("signalStatus", "ready");
  }

  return {
    update,
    begin(flag, known) {
      tell("cmpStatus", "loaded");
      // The stub had no fields yet: that it is ready is told once more.
      if (known && flag.gpp === earlier) state = { ...state, signalStatus: "not ready" };
      update(flag, known, () => {});
    },
    seen(visible) {
      const display = visible ? "visible" : "hidden";
      if (display !== state.cmpDisplayStatus) tell("cmpDisplayStatus", display);
    },
  };
}

/** Own members alone: a parameter may be the name of something that every object has. */
const own = (...parts: object[]): Record<string, any> => Object.assign(Object.create(null), ...parts);

/** Every command but `ping` and `addEventListener`, which the stub goes on to answer. */
function answering(voice: Voice): Voice["answer"] {
  const sections = () => own(voice.ping().parsedSections);
  const answers = own({
    removeEventListener(given: number, source: unknown) {
      const id = given >>> 0; // no name of what arrays have besides
      const listener = voice.listeners[id];
      // Ids are easily guessed: everybody removes their own alone.
      return !!listener && listener.source === source && delete voice.listeners[id];
    },
    hasSection: (prefix: string) => prefix in sections(),
    getSection: (prefix: string) => sections()[prefix] || null,
    getField(path: string) {
      const [prefix, name] = `${path}`.split(".") as [string, string];
      return own(...(sections()[prefix] || []))[name] ?? null;
    },
  });
  return (command, callback, parameter) => {
    // Undefined where what was asked is unknown or can't be read. A callback's fault is theirs to mend.
    const answer = quietly(() => answers[command](parameter, callback!.source));
    quietly(() => callback!(answer ?? null, answer !== undefined));
  };
}
