import { z } from "zod";
import { COMMON_CONFIGURATION, runSimulator } from "../common/simulator-process.ts";
import { sampleAccount } from "./account.ts";
import { NetSuiteSimulator } from "./simulator.ts";

const SAMPLE = sampleAccount();

/** Of the simulator as a process of its own. */
const CONFIGURATION = z.strictObject({
  ...COMMON_CONFIGURATION,
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
  asyncDelayMs: z.number().nonnegative().default(0),
  tokenLifetimeSeconds: z.number().positive().default(3_600),
});

await runSimulator(CONFIGURATION, ({ account, token, machine, ...others }, options) =>
  NetSuiteSimulator.start({
    ...others,
    ...options,
    account: sampleAccount(account),
    ...(token === undefined ? {} : { token }),
    ...(machine === undefined ? {} : { machine }),
  }),
);
