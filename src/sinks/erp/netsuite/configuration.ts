import { z } from "zod";
import { DURATION_UNIT_MS, durationText } from "../../../model/duration.ts";
import { durationField, fileField, secretField } from "../common/settings-fields.ts";
import type { SecretReader } from "../erp-adapter.ts";
import { ACCOUNT_PATTERN } from "./account.ts";
import { DEFAULT_REQUEST_DEADLINE_MS, DEFAULT_SETTLE_DELAY_MS, LONGEST_REQUEST_MS } from "./limits.ts";
import { CUSTOMER_PARTS, type PlanSettings, TAX_MODES } from "./plan.ts";
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from "./signature-algorithms.ts";

/**
 * A connection to NetSuite in the worker's configuration. Secrets are values (which the file takes from the environment) or files; `writeOnly`
 * marks them, so that they get no flag and are never printed.
 */

const { h: HOUR_MS } = DURATION_UNIT_MS;
const LOOPBACK_URL = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;
const HTTPS_URL = /^https:\/\/[^/\s@?#]+$/;

function name(description: string) {
  return z.string().min(1, { error: "must not be empty" }).meta({ description });
}
const customField = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}\\w{1,40}$`), { error: `must be the id of a custom field: ${prefix}…` })
    .optional();

/** Either the secret or its file. */
function exactlyOne(fields: readonly string[]) {
  return (value: object, context: z.RefinementCtx): void => {
    for (const field of fields) {
      const [hasValue, hasFile] = [field, `${field}_file`].map(
        (path) => Reflect.get(value, path) !== undefined,
      );
      if (hasValue !== hasFile) continue;
      const message = hasValue
        ? `${field} is given as well: choose one`
        : `${field} or ${field}_file is required`;
      context.addIssue({ code: "custom", path: [hasValue ? `${field}_file` : field], message });
    }
  };
}

const tokenSchema = z
  .strictObject({
    kind: z.literal("token").meta({ description: "Token-based authentication (OAuth 1.0a)." }),
    consumer_key: secretField("Consumer key of the integration record."),
    consumer_key_file: fileField("File that holds the consumer key."),
    consumer_secret: secretField("Consumer secret of the integration record."),
    consumer_secret_file: fileField("File that holds the consumer secret."),
    token_id: secretField("Id of the access token."),
    token_id_file: fileField("File that holds the token's id."),
    token_secret: secretField("Secret of the access token."),
    token_secret_file: fileField("File that holds the token's secret."),
  })
  .superRefine(exactlyOne(["consumer_key", "consumer_secret", "token_id", "token_secret"]));

const machineSchema = z.strictObject({
  kind: z.literal("machine").meta({ description: "OAuth 2.0 for machines (client credentials)." }),
  client_id: name("Client id of the integration record."),
  certificate_id: name("Id that NetSuite gave the certificate under OAuth 2.0 Client Credentials Setup."),
  private_key_file: name("PEM file with the certificate's private key (PKCS #8)."),
  algorithm: z
    .enum(SIGNATURE_ALGORITHMS, {
      error: ({ input }) =>
        `must be one of ${SIGNATURE_ALGORITHMS.join(", ")}${input === "RS256" ? ": NetSuite refuses RS256" : ""}`,
    })
    .default("PS256")
    .meta({ description: "What assertions are signed with: PS… for RSA keys, ES… for elliptic curves." }),
});

export const netsuiteConnectionSchema = z
  .strictObject({
    adapter: z.literal("netsuite").meta({ description: "Oracle NetSuite." }),
    account: z
      .string()
      .regex(ACCOUNT_PATTERN, { error: `must be an account's id such as "1234567" or "1234567_SB1"` })
      .meta({ description: "Account id, as under Setup > Company > Company Information." }),
    url: z
      .string()
      .refine((url) => HTTPS_URL.test(url) || LOOPBACK_URL.test(url), {
        error: "must be an origin that begins with https://, without a path, since secrets go there",
      })
      .optional()
      .meta({ description: "Origin of the REST services, where it is not the account's own." }),
    authentication: z.discriminatedUnion("kind", [tokenSchema, machineSchema]),
    deadline: durationField(
      durationText(DEFAULT_REQUEST_DEADLINE_MS),
      "How long an answer may take. NetSuite itself cuts off after 15 minutes.",
      { minMs: 1, maxMs: LONGEST_REQUEST_MS },
    ),
    settle_delay: durationField(
      durationText(DEFAULT_SETTLE_DELAY_MS),
      "How long after a request without an answer NetSuite is asked whether it has the document.",
      { minMs: 1, maxMs: HOUR_MS },
    ),
    asynchronous: z.boolean().default(false).meta({
      description: "Send documents as jobs that NetSuite works on by itself, up to 100 of a kind in one.",
    }),
    taxes: z
      .enum(TAX_MODES)
      .default("suitetax")
      .meta({ description: "`suitetax`: as tax details; `lines`: without SuiteTax, as lines of an item." }),
    document_numbers: z
      .enum(["own", "netsuite"])
      .default("own")
      .meta({ description: "`own`: documents carry our numbers; `netsuite`: NetSuite numbers them." }),
    netsuite_owns: z
      .array(z.enum(CUSTOMER_PARTS))
      .default([])
      .meta({ description: "Parts of a customer that are sent when it is made, and never changed after." }),
    tax_id_field: z
      .string()
      .regex(/^(vatRegNumber|custentity\w{1,40})$/, { error: "must be vatRegNumber or custentity…" })
      .optional()
      .meta({ description: "Field of a customer that gets the tax number; absent: none." }),
    line_fields: z
      .strictObject({
        quantity: customField("custcol"),
        meter: customField("custcol"),
        period_start: customField("custcol"),
        period_end: customField("custcol"),
      })
      .prefault({})
      .meta({ description: "Custom fields of lines, of type Free-Form Text." }),
  })
  .meta({ description: "A connection to Oracle NetSuite." });

export type NetsuiteConnectionConfig = z.output<typeof netsuiteConnectionSchema>;

/** Credentials with their values. */
export type NetsuiteCredentials =
  | {
      readonly kind: "token";
      readonly consumerKey: string;
      readonly consumerSecret: string;
      readonly tokenId: string;
      readonly tokenSecret: string;
    }
  | {
      readonly kind: "machine";
      readonly clientId: string;
      readonly certificateId: string;
      readonly privateKey: string;
      readonly algorithm: SignatureAlgorithm;
    };

/** What a sink is made with. */
export interface NetsuiteOptions {
  readonly account: string;
  readonly url?: string;
  readonly authentication: NetsuiteCredentials;
  readonly deadlineMs: number;
  readonly settleDelayMs: number;
  readonly isAsynchronous: boolean;
  readonly documents: PlanSettings;
}

/** Options of a connection, with its secrets; undefined where one of them can't be read. */
export function netsuiteOptions(
  config: NetsuiteConnectionConfig,
  readSecret: SecretReader,
): NetsuiteOptions | undefined {
  const { line_fields: lineFields, tax_id_field: taxIdField } = config;
  const authentication = credentialsOf(config.authentication, readSecret);
  if (authentication === undefined) return undefined;
  return {
    account: config.account,
    ...(config.url !== undefined && { url: config.url }),
    authentication,
    deadlineMs: config.deadline,
    settleDelayMs: config.settle_delay,
    isAsynchronous: config.asynchronous,
    documents: {
      taxes: config.taxes,
      ownNumbers: config.document_numbers === "own",
      netsuiteOwns: config.netsuite_owns,
      ...(taxIdField !== undefined && { taxIdField }),
      lineFields: {
        ...(lineFields.quantity !== undefined && { quantity: lineFields.quantity }),
        ...(lineFields.meter !== undefined && { meter: lineFields.meter }),
        ...(lineFields.period_start !== undefined && { periodStart: lineFields.period_start }),
        ...(lineFields.period_end !== undefined && { periodEnd: lineFields.period_end }),
      },
    },
  };
}

function credentialsOf(
  given: NetsuiteConnectionConfig["authentication"],
  readSecret: SecretReader,
): NetsuiteCredentials | undefined {
  if (given.kind === "machine") {
    const { private_key_file: file, algorithm } = given;
    const privateKey = readSecret("authentication.private_key", undefined, file);
    if (privateKey === undefined) return undefined;
    const { client_id: clientId, certificate_id: certificateId } = given;
    return { kind: "machine", clientId, certificateId, privateKey, algorithm };
  }
  const read = (field: "consumer_key" | "consumer_secret" | "token_id" | "token_secret") =>
    readSecret(`authentication.${field}`, given[field], given[`${field}_file`]);
  // All are read, so that all faults are noted.
  const [consumerKey, consumerSecret, tokenId, tokenSecret] = [
    read("consumer_key"),
    read("consumer_secret"),
    read("token_id"),
    read("token_secret"),
  ];
  return consumerKey === undefined ||
    consumerSecret === undefined ||
    tokenId === undefined ||
    tokenSecret === undefined
    ? undefined
    : { kind: "token", consumerKey, consumerSecret, tokenId, tokenSecret };
}
