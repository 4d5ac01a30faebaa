/** The shipped types say what the script does, no more and no less: checked by the compiler, member by member. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ping } from "../src/core/gpp";
import type { Answer, Basis, Flag, Right } from "../src/core/protocol";
import type { PrivacyChoices } from "../src/setup";
import type * as shipped from "../types/privacy-choices";

type Same<One, Other> = (<Type>() => Type extends One ? 1 : 2) extends <Type>() => Type extends Other ? 1 : 2
  ? true
  : never;

/** What the stub answers to every call but `flag` and `ready`. */
type OrNothing<Made> = Made | void;

const same: {
  flag: Same<Flag, shipped.Flag>;
  gpp: Same<Ping, shipped.GppPing>;
  words: Same<[Answer, Basis, Right], [shipped.Answer, shipped.Basis, shipped.Right]>;
  members: Same<keyof PrivacyChoices, keyof shipped.PrivacyChoices>;
  ready: Same<PrivacyChoices["ready"], shipped.PrivacyChoices["ready"]>;
  calls: Same<
    Pick<PrivacyChoices, "flag" | "open" | "optOut">,
    Pick<shipped.PrivacyChoices, "flag" | "open" | "optOut">
  >;
  listening: Same<
    [Parameters<PrivacyChoices["on"]>[1], OrNothing<ReturnType<PrivacyChoices["on"]>>],
    [Parameters<shipped.PrivacyChoices["on"]>[1], ReturnType<shipped.PrivacyChoices["on"]>]
  >;
} = { gpp: true, flag: true, words: true, members: true, ready: true, calls: true, listening: true };

test("the shipped types are those of the script", () => {
  assert.ok(Object.values(same).every(Boolean));
});
