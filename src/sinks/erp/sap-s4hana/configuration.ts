import { z } from "zod";
import { DURATION_UNIT_MS, durationText } from "../../../model/duration.ts";
import { durationField, fileField, secretField } from "../common/settings-fields.ts";
import type { SecretReader } from "../erp-adapter.ts";
import type { SapCredentials } from "./authentication.ts";
import { billingField, billingSettings, isBilledBySap } from "./billing-requests/configuration.ts";
import {
  DEFAULT_BATCH_ENTRIES,
  DEFAULT_REQUEST_DEADLINE_MS,
  DEFAULT_SETTLE_DELAY_MS,
  LONGEST_REQUEST_MS,
  MAX_BATCH_ENTRIES,
  MAX_CREATOR_CHARACTERS,
} from "./limits.ts";
import { CUSTOMER_PARTS, type PlanSettings } from "./plan.ts";

/**
 * A connection to SAP S/4HANA Cloud in the worker's configuration. Secrets are values (which the file takes from the environment) or files; `writeOnly`
 * marks them, so that they get no flag and are never printed.
 */

const { h: HOUR_MS } = DURATION_UNIT_MS;
const LOOPBACK_URL = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;
const HTTPS_URL = /^https:\/\/[^/\s@?#]+$/;
/** Codes that SAP's own tables hold. */
const code = (characters: string, example: string, description: string) =>
  z
    .string()
    .regex(new RegExp(`^[A-Z0-9]${characters}$`), {
      error: `must be capital letters or digits, such as "${example}"`,
    })
    .default(example)
    .meta({ description });

const originField = (description: string) =>
  z
    .string()
    .refine((url) => HTTPS_URL.test(url) || LOOPBACK_URL.test(url), {
      error: "must be an origin that begins with https://, without a path, since secrets go there",
    })
    .meta({ description });

const exactlyOne = (field: string) => (value: object, context: z.RefinementCtx) => {
  const [hasValue, hasFile] = [field, `${field}_file`].map((path) => Reflect.get(value, path) !== undefined);
  if (hasValue !== hasFile) return;
  const message = hasValue
    ? `${field} is given as well: choose one`
    : `${field} or ${field}_file is required`;
  context.addIssue({ code: "custom", path: [hasValue ? `${field}_file` : field], message });
};

const basicSchema = z
  .strictObject({
    kind: z.literal("basic").meta({ description: "User and password of a communication user." }),
    // A colon ends the name (RFC 7617).
    username: z
      .string()
      .regex(/^[^:\p{Cc}]+$/u, { error: "must not be empty or have a colon" })
      .meta({ description: "Name of the communication user." }),
    password: secretField("Password of the communication user."),
    password_file: fileField("File that holds the password."),
  })
  .superRefine(exactlyOne("password"));

const oauthSchema = z
  .strictObject({
    kind: z.literal("oauth").meta({ description: "OAuth 2.0, client credentials." }),
    client_id: z.string().min(1).meta({ description: "Client id of the inbound communication user." }),
    client_secret: secretField("Secret of the client."),
    client_secret_file: fileField("File that holds the secret."),
    token_url: z
      .string()
      .refine((url) => URL.canParse(url) && /^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url), {
        error: "must begin with https://, since the secret goes there",
      })
      .optional()
      .meta({ description: "Where tokens are asked for, where it is not the system's own." }),
  })
  .superRefine(exactlyOne("client_secret"));

const certificateSchema = z.strictObject({
  kind: z.literal("certificate").meta({ description: "X.509 client certificate." }),
  certificate_file: z.string().min(1).meta({ description: "PEM file with the certificate." }),
  private_key_file: z.string().min(1).meta({ description: "PEM file with its private key." }),
  certificate_authority_file: fileField(
    "PEM file with who signed the server's certificate, where it is none of the public authorities.",
  ),
});

export const sapConnectionSchema = z
  .strictObject({
    adapter: z.literal("sap-s4hana").meta({ description: "SAP S/4HANA Cloud." }),
    url: originField("Origin of the system's API, such as https://my300000-api.s4hana.cloud.sap."),
    authentication: z.discriminatedUnion("kind", [basicSchema, oauthSchema, certificateSchema]),
    deadline: durationField(
      durationText(DEFAULT_REQUEST_DEADLINE_MS),
      "How long an answer may take. SAP itself cuts off after ten minutes.",
      { minMs: 1, maxMs: LONGEST_REQUEST_MS },
    ),
    settle_delay: durationField(
      durationText(DEFAULT_SETTLE_DELAY_MS),
      "How long after a request without an answer SAP is asked whether it has the document.",
      { minMs: 1, maxMs: HOUR_MS },
    ),
    batch_entries: z
      .int()
      .min(1)
      .max(MAX_BATCH_ENTRIES)
      .default(DEFAULT_BATCH_ENTRIES)
      .meta({ description: "Documents that one request may have; each is answered by itself." }),
    invoices: z.enum(["journal", "billing-document-request"]).default("journal").meta({
      description:
        "`journal`: invoices and credit memos are posted as documents of FI; `billing-document-request`: they are sent as requests, of which SAP makes its own billing documents.",
    }),
    billing: billingField,
    document_types: z
      .strictObject({
        invoice: code("{2}", "DR", "Document type of invoices."),
        credit_memo: code("{2}", "DG", "Document type of credit memos."),
        journal: code("{2}", "SA", "Document type of journals."),
      })
      .prefault({})
      .meta({ description: "Document types of FI." }),
    created_by: code(
      `{1,${MAX_CREATOR_CHARACTERS}}`,
      "TRIBUTARY",
      "Name that SAP shows as who entered a document.",
    ),
    credit_memos: z.enum(["applied", "unapplied"]).default("applied").meta({
      description: "`applied`: a memo names the invoice that it corrects; `unapplied`: it does not.",
    }),
    customer_grouping: code("{1,4}", "BP02", "Grouping of business partners: says which numbers they get."),
    customer_roles: z
      .array(z.string().regex(/^[A-Z0-9_]{1,6}$/, { error: "must be roles such as FLCU00" }))
      .min(1)
      .default(["FLCU00"])
      .meta({ description: "Roles that a new business partner gets." }),
    language: z
      .string()
      .regex(/^[A-Z]{2}$/, { error: "must be two capital letters, such as EN" })
      .default("EN")
      .meta({ description: "Language of business partners." }),
    send_regions: z.boolean().default(false).meta({
      description: "Send the regions of addresses; they must be SAP's own keys of regions then.",
    }),
    tax_number_types: z
      .record(
        z.string().regex(/^[A-Z]{2}$/, { error: "must be a country, such as DE" }),
        z.string().regex(/^[A-Z0-9]{1,4}$/, { error: "must be a category of tax number, such as DE0" }),
      )
      .default({})
      .meta({ description: "Category of tax number by country; customers of others get none." }),
    sap_owns: z
      .array(z.enum(CUSTOMER_PARTS))
      .default([])
      .meta({ description: "Parts of a customer that are sent when it is made, and never changed after." }),
  })
  .superRefine(({ invoices, billing }, context) => {
    if (isBilledBySap(invoices) === (billing !== undefined)) return;
    const message =
      billing === undefined
        ? "is required where invoices are billing-document-request"
        : "is given, and invoices are posted as journal";
    context.addIssue({ code: "custom", path: ["billing"], message });
  })
  .meta({ description: "A connection to SAP S/4HANA Cloud." });

export type SapConnectionConfig = z.output<typeof sapConnectionSchema>;

/** What a sink is made with. */
export interface SapOptions {
  readonly url: string;
  readonly authentication: SapCredentials;
  readonly deadlineMs: number;
  readonly settleDelayMs: number;
  readonly batchEntries: number;
  readonly documents: PlanSettings;
}

/** Options of a connection, with its secrets; undefined where one of them can't be read. */
export function sapOptions(config: SapConnectionConfig, readSecret: SecretReader): SapOptions | undefined {
  const authentication = credentialsOf(config.authentication, readSecret);
  if (authentication === undefined) return undefined;
  const { document_types: types } = config;
  return {
    url: config.url,
    authentication,
    deadlineMs: config.deadline,
    settleDelayMs: config.settle_delay,
    batchEntries: config.batch_entries,
    documents: {
      documentTypes: { invoice: types.invoice, creditMemo: types.credit_memo, journal: types.journal },
      createdBy: config.created_by,
      appliesCreditMemos: config.credit_memos === "applied",
      customerGrouping: config.customer_grouping,
      customerRoles: config.customer_roles,
      language: config.language,
      sendsRegions: config.send_regions,
      taxNumberTypes: config.tax_number_types,
      sapOwns: config.sap_owns,
      billing: config.billing === undefined ? null : billingSettings(config.billing),
    },
  };
}

function credentialsOf(
  given: SapConnectionConfig["authentication"],
  readSecret: SecretReader,
): SapCredentials | undefined {
  if (given.kind === "basic") {
    const password = readSecret("authentication.password", given.password, given.password_file);
    return password === undefined ? undefined : { kind: "basic", username: given.username, password };
  }
  if (given.kind === "oauth") {
    const { client_id: clientId, client_secret: secret, client_secret_file: secretFile } = given;
    const clientSecret = readSecret("authentication.client_secret", secret, secretFile);
    if (clientSecret === undefined) return undefined;
    const { token_url: tokenUrl } = given;
    return { kind: "oauth", clientId, clientSecret, ...(tokenUrl !== undefined && { tokenUrl }) };
  }
  // All are read, so that all faults are noted.
  const certificate = readSecret("authentication.certificate", undefined, given.certificate_file);
  const privateKey = readSecret("authentication.private_key", undefined, given.private_key_file);
  const file = given.certificate_authority_file;
  const authority =
    file === undefined ? undefined : readSecret("authentication.certificate_authority", undefined, file);
  if (certificate === undefined || privateKey === undefined) return undefined;
  if (file !== undefined && authority === undefined) return undefined;
  return { kind: "certificate", certificate, privateKey, ...(authority !== undefined && { authority }) };
}
