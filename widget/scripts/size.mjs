// Prints the sizes of the committed build.
import { fileURLToPath } from "node:url";
import { report } from "./sizes.mjs";

if (!report(fileURLToPath(new URL("../dist", import.meta.url)))) process.exitCode = 1;
