import { z } from "zod";
import {
  addressField,
  durationField,
  fileField,
  secretField,
} from "../../src/sinks/erp/common/settings-fields.ts";
import { defineAdapter } from "../../src/sinks/erp/erp-adapter.ts";
import { tinybooksDescription } from "./description.ts";

const MINUTE_MS = 60_000;

/** Settings of a connection in the worker's file of connections, below its key. */
const settings = z.strictObject({
  adapter: z.literal("tinybooks"),
  url: addressField("Where Tinybooks is."),
  token: secretField("Access token of the books."),
  token_file: fileField("File that holds the token."),
  deadline: durationField("10s", "How long an answer may take.", { minMs: 100, maxMs: 5 * MINUTE_MS }),
  settle_delay: durationField("30s", "How long after a lost answer Tinybooks is asked.", {
    minMs: 100,
    maxMs: 60 * MINUTE_MS,
  }),
});

export const tinybooksAdapter = defineAdapter(tinybooksDescription, settings, (read, secret, fault) => {
  const token = secret("token", read.token, read.token_file);
  if (read.token === undefined && read.token_file === undefined)
    fault("token", "token or token_file is required");
  if (token === undefined) return undefined;
  const { url, deadline: deadlineMs, settle_delay: settleDelayMs } = read;
  return async () => {
    const { TinybooksSink } = await import("./sink.ts");
    return (environment) => new TinybooksSink({ url, token, deadlineMs, settleDelayMs }, environment);
  };
});
