import { readFileSync } from "node:fs";
import { z } from "zod";
import { SOURCE_ROOT } from "../model/source-root.ts";

const packageSchema = z.object({ version: z.string() });

/** The version of this installation, from its package.json (beside the folder of sources, or of the build). */
export const VERSION = packageSchema.parse(
  JSON.parse(readFileSync(new URL("../package.json", SOURCE_ROOT), "utf8")),
).version;
