// The reference library behind a pipe: each line holds a list of questions, each answer a list of the same length.
// {"encode": {section: {field: value}}} → {"text"} · {"decode": text} → {"sections"} · a refusal → {"error"}
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../widget/package.json", import.meta.url));
const { GppModel } = require("@iabgpp/cmpapi");

function encode(sections) {
  const model = new GppModel();
  for (const [section, fields] of Object.entries(sections)) {
    for (const [field, value] of Object.entries(fields)) model.setFieldValue(section, field, value);
  }
  return { text: model.encode() };
}

// A section's object leaves out whether it had a sub-section for the signal.
function decode(text) {
  const model = new GppModel(text);
  const sections = model.toObject();
  for (const [name, fields] of Object.entries(sections)) {
    const field = "GpcSegmentIncluded";
    if ("Gpc" in fields) fields[field] = model.getFieldValue(name, field);
  }
  return { sections };
}

function answer(question) {
  try {
    return "encode" in question ? encode(question.encode) : decode(question.decode);
  } catch (error) {
    return { error: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(JSON.parse(line).map(answer)));
}
