/** Frames: other documents ask the page's `__gpp` and `__uspapi` by message, as an object or as its JSON. */

import type { Heard, Voice } from "../core/gpp";
import { json } from "../json";
import { quietly } from "../quietly";

type Page = Window & { __gpp: Voice["answer"]; __uspapi(command: string, version: unknown, callback: Heard): void };

interface Call {
  readonly command: string;
  readonly parameter?: unknown;
  readonly version?: unknown;
  readonly callId: unknown;
}

/** So many listeners may one window have: it could add them without end. */
const ENOUGH = 99;

export function answerFrames(win: Window, { listeners }: Pick<Voice, "listeners">): Voice["hear"] {
  const { __gpp: gpp, __uspapi: uspapi } = win as Page;

  const apis: Record<string, (call: Call, reply: Heard) => void> = {
    __gpp: ({ command, parameter }, reply) =>
      command === "addEventListener" && listeners.filter((heard) => heard?.source === reply.source).length >= ENOUGH
        ? reply(null, false)
        : gpp(command, reply, parameter),
    __uspapi: ({ command, version }, reply) => uspapi(command, version, reply),
  };

  return ({ data, source }) =>
    void quietly(() => {
      const asText = /Call"/.test(data);
      const message = asText ? JSON.parse(data) : data;
      for (const name in apis) {
        const call: Call | undefined = message[`${name}Call`];
        if (!call) continue;
        const reply: Heard = (returnValue, success) => {
          const answer = { [`${name}Return`]: { returnValue, success, callId: call.callId } };
          // Any document may know it, so nobody is asked who they are.
          (source as Window).postMessage(asText ? json(answer) : answer, "*");
        };
        apis[name]!(call, Object.assign(reply, { source }));
      }
    });
}
