import { z } from "zod";
import { addressField, durationField, fileField, secretField } from "../common/settings-fields.ts";
import { defineAdapter } from "../erp-adapter.ts";
import { httpDescription } from "./description.ts";
import { MAX_SECRET_BYTES, MIN_SECRET_BYTES } from "./limits.ts";
import { secretBytes } from "./signature.ts";

const MINUTE_MS = 60_000;
/** More than a receiver of one's own is likely to want at once. */
const MAX_CONNECTIONS = 64;

const settings = z.strictObject({
  adapter: z.literal("http"),
  url: addressField("Where webhooks are sent."),
  secret: secretField("Signs webhooks: `whsec_` and base64 of 24 to 64 bytes."),
  secret_file: fileField("File that holds the secret."),
  former_secret: secretField("Signs them as well, while receivers still know the former secret only."),
  former_secret_file: fileField("File that holds the former secret."),
  bearer_token: secretField("Sent as `Authorization: Bearer …`, where the receiver wants one."),
  bearer_token_file: fileField("File that holds the token."),
  deadline: durationField("30s", "How long an answer may take.", { minMs: 100, maxMs: 5 * MINUTE_MS }),
  settle_delay: durationField(
    "10s",
    "How long after a lost answer the document is sent again: the receiver may still work on it.",
    { minMs: 100, maxMs: 60 * MINUTE_MS },
  ),
  connections: z
    .int()
    .min(1)
    .max(MAX_CONNECTIONS)
    .default(4)
    .meta({ description: "Connections that are open at once." }),
});

export const httpAdapter = defineAdapter(httpDescription, settings, (read, secret, fault) => {
  const secrets: Uint8Array[] = [];
  for (const [name, value, file] of [
    ["secret", read.secret, read.secret_file],
    ["former_secret", read.former_secret, read.former_secret_file],
  ] as const) {
    const text = secret(name, value, file);
    if (text === undefined) continue;
    const bytes = secretBytes(text);
    if (bytes === undefined)
      fault(name, `must be "whsec_" and base64 of ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes`);
    else secrets.push(bytes);
  }
  const token = secret("bearer_token", read.bearer_token, read.bearer_token_file);
  if (read.secret === undefined && read.secret_file === undefined) {
    fault("secret", "secret or secret_file is required");
    return undefined;
  }
  if (secrets.length === 0) return undefined;
  const options = {
    url: read.url,
    secrets,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    deadlineMs: read.deadline,
    settleDelayMs: read.settle_delay,
    connections: read.connections,
  };
  return async () => {
    const { HttpSink } = await import("./sink.ts");
    return (environment) => new HttpSink(options, environment);
  };
});
