import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { sampleAccount } from "./account.ts";
import { NetSuiteSimulator } from "./simulator.ts";

const SAMPLE = sampleAccount();

/**
 * The simulator as a process of its own: `node --import tsx main.ts --config FILE [--port N] [--state-file FILE]`. Prints one line
 * `{"url": …}` when it listens; ends at SIGTERM. The configuration is a file, so that no secret is on a command line.
 */
const CONFIGURATION = z.strictObject({
  /** Preferences of the account; its lists are the sample's. */
  account: z
    .strictObject({
      id: z
        .string()
        .regex(/^\d+(_SB\d+)?$/)
        .default(SAMPLE.id),
      customFields: z
        .array(z.string().regex(/^cust(body|col|entity)_[a-z0-9_]+$/))
        .default([...SAMPLE.customFields]),
      hasSuiteTax: z.boolean().default(SAMPLE.hasSuiteTax),
      automaticTax: z
        .strictObject({ taxType: z.string(), taxCode: z.string(), percent: z.string() })
        .nullable()
        .default(SAMPLE.automaticTax),
      allowsDocumentNumbers: z.boolean().default(SAMPLE.allowsDocumentNumbers),
      mandatoryClassifications: z
        .array(z.enum(["department", "class", "location"]))
        .default([...SAMPLE.mandatoryClassifications]),
      utcOffsetMinutes: z.number().int().default(SAMPLE.utcOffsetMinutes),
    })
    .prefault({}),
  controlToken: z.string().min(16),
  token: z
    .strictObject({
      consumerKey: z.string(),
      consumerSecret: z.string(),
      tokenKey: z.string(),
      tokenSecret: z.string(),
    })
    .optional(),
  machine: z
    .strictObject({ clientId: z.string(), certificates: z.record(z.string(), z.string()) })
    .optional(),
  concurrency: z.number().int().positive().default(5),
  latencyMs: z.number().nonnegative().default(0),
  asyncDelayMs: z.number().nonnegative().default(0),
  tokenLifetimeSeconds: z.number().positive().default(3_600),
  seed: z.number().int().default(1),
});

const { values } = parseArgs({
  options: {
    config: { type: "string" },
    port: { type: "string", default: "0" },
    "state-file": { type: "string" },
  },
});
if (values.config === undefined) throw new Error("--config FILE is required");
const { account, token, machine, ...others } = CONFIGURATION.parse(
  JSON.parse(readFileSync(values.config, "utf8")),
);
const stateFile = values["state-file"];
const simulator = await NetSuiteSimulator.start({
  ...others,
  account: sampleAccount(account),
  ...(token === undefined ? {} : { token }),
  ...(machine === undefined ? {} : { machine }),
  ...(stateFile === undefined ? {} : { stateFile }),
  port: Number(values.port),
});
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
process.once("SIGTERM", () => {
  void simulator.close();
});
