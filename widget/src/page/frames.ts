/** Frames: other documents ask the page's `__gpp` and `__uspapi` by message, as an object or as its JSON. */

import type { Heard, Voice } from "../core/gpp";
import { quietly } from "./quietly";

type Page = Window & { __gpp: Voice["answer"]; __uspapi(command: string, version: unknown, callback: Heard): void };

export function answerFrames(win: Window): Voice["hear"] {
  const { __gpp: gpp, __uspapi: uspapi } = win as Page;

  return ({ data, source }) =>
    void quietly(() => {
      const asText = /Call"/.test(data);
      const asked = asText ? JSON.parse(data) : data;
      const answer = (name: string, act: (call: { command: string; parameter?: unknown; version?: unknown }, reply: Heard) => void) => {
        const call = asked[`${name}Call`];
        if (!call) return;
        act(call, (returnValue, success) => {
          const said = { [`${name}Return`]: { returnValue, success, callId: call.callId } };
          // What it says any document of the page may know; who asks is not told apart.
          (source as Window).postMessage(asText ? JSON.stringify(said) : said, "*");
        });
      };
      answer("__gpp", ({ command, parameter }, reply) => gpp(command, reply, parameter));
      answer("__uspapi", ({ command, version }, reply) => uspapi(command, version, reply));
    });
}
