import { z } from "zod";
import { DURATION_UNIT_MS, durationText } from "../../../model/duration.ts";
import { durationField, fileField, secretField } from "../common/settings-fields.ts";
import type { SecretReader } from "../erp-adapter.ts";
import type { FinanceOperationsCredentials } from "./authentication.ts";
import {
  DEFAULT_POSTING_DEADLINE_MS,
  DEFAULT_REQUEST_DEADLINE_MS,
  DEFAULT_SETTLE_DELAY_MS,
  LONGEST_POSTING_DEADLINE_MS,
  LONGEST_REQUEST_MS,
} from "./limits.ts";
import { CUSTOMER_PARTS, type PlanSettings, TAX_ID_FIELDS, TAX_MODES } from "./plan.ts";

/**
 * A connection to Finance & Operations in the worker's configuration. The secret is a value (which the file takes from the environment) or a
 * file; `writeOnly` marks it, so that it gets no flag and is never printed.
 */

const { h: HOUR_MS } = DURATION_UNIT_MS;
const LOOPBACK_ORIGIN = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;
const HTTPS_ORIGIN = /^https:\/\/[^/\s@?#]+$/;
const DEFAULT_AUTHORITY = "https://login.microsoftonline.com";
/** Those that the environment offers for its ledger accounts, but for the space. */
const DELIMITERS = ["-", ".", "_", "|", "~"] as const;

function origin(description: string) {
  return z
    .string()
    .refine((url) => HTTPS_ORIGIN.test(url) || LOOPBACK_ORIGIN.test(url), {
      error: "must be an origin that begins with https://, without a path, since secrets go there",
    })
    .meta({ description });
}

const authenticationSchema = z
  .strictObject({
    tenant: z
      .string()
      .regex(/^[\w.-]{1,100}$/, { error: "must be the id of a directory (tenant), or a domain of it" })
      .meta({ description: "Directory (tenant) id of Microsoft Entra." }),
    client_id: z
      .string()
      .min(1, { error: "must not be empty" })
      .meta({ description: "Application (client) id." }),
    client_secret: secretField("Secret of the application."),
    client_secret_file: fileField("File that holds the secret."),
    authority: origin("Origin that gives tokens; another one for national clouds.").default(
      DEFAULT_AUTHORITY,
    ),
  })
  .superRefine(({ client_secret: value, client_secret_file: file }, context) => {
    const [hasValue, hasFile] = [value !== undefined, file !== undefined];
    if (hasValue !== hasFile) return;
    const message = hasValue
      ? "client_secret is given as well: choose one"
      : "client_secret or client_secret_file is required";
    const path = [hasValue ? "client_secret_file" : "client_secret"];
    context.addIssue({ code: "custom", path, message });
  });

export const financeOperationsConnectionSchema = z
  .strictObject({
    adapter: z
      .literal("finance-operations")
      .meta({ description: "Microsoft Dynamics 365 Finance & Operations." }),
    url: origin("Origin of the environment, such as https://contoso.operations.dynamics.com."),
    resource: origin(
      "The environment's own origin, which tokens are for, where `url` is a proxy's.",
    ).optional(),
    authentication: authenticationSchema,
    deadline: durationField(
      durationText(DEFAULT_REQUEST_DEADLINE_MS),
      "How long an answer may take. All requests of one step together.",
      { minMs: 1, maxMs: LONGEST_REQUEST_MS },
    ),
    settle_delay: durationField(
      durationText(DEFAULT_SETTLE_DELAY_MS),
      "How long after a request without an answer it is asked whether the document is there.",
      { minMs: 1, maxMs: HOUR_MS },
    ),
    posting_deadline: durationField(
      durationText(DEFAULT_POSTING_DEADLINE_MS),
      "How long a document that was created may stay unposted before somebody has to look.",
      { minMs: 1, maxMs: LONGEST_POSTING_DEADLINE_MS },
    ),
    taxes: z.enum(TAX_MODES).default("lines").meta({
      description:
        "`lines`: as lines of an account; `sales-tax`: as sales tax groups, of which the taxes are worked out there.",
    }),
    ledger_dimensions: z.array(z.string().min(1).max(60)).max(20).default([]).meta({
      description:
        "Financial dimensions behind the main account, in the order of the format for integrating applications.",
    }),
    ledger_delimiter: z
      .enum(DELIMITERS)
      .default("-")
      .meta({ description: "What stands between the segments of a ledger account." }),
    finance_operations_owns: z.array(z.enum(CUSTOMER_PARTS)).default([]).meta({
      description: "Parts of a customer that are sent when it is made, and never changed after.",
    }),
    tax_id_field: z
      .enum(TAX_ID_FIELDS)
      .optional()
      .meta({ description: "Field of a customer that gets the tax number; absent: none." }),
  })
  .meta({ description: "A connection to Microsoft Dynamics 365 Finance & Operations." });

export type FinanceOperationsConnectionConfig = z.output<typeof financeOperationsConnectionSchema>;

/** What a sink is made with. */
export interface FinanceOperationsOptions {
  readonly url: string;
  readonly authentication: FinanceOperationsCredentials;
  readonly deadlineMs: number;
  readonly settleDelayMs: number;
  readonly postingDeadlineMs: number;
  readonly documents: PlanSettings;
}

/** Options of a connection, with its secret; undefined where that can't be read. */
export function financeOperationsOptions(
  config: FinanceOperationsConnectionConfig,
  readSecret: SecretReader,
): FinanceOperationsOptions | undefined {
  const { url, resource = url, authentication: given, tax_id_field: taxIdField } = config;
  const { tenant, client_id: clientId, authority } = given;
  const clientSecret = readSecret(
    "authentication.client_secret",
    given.client_secret,
    given.client_secret_file,
  );
  if (clientSecret === undefined) return undefined;
  return {
    url,
    authentication: { authority, tenant, clientId, clientSecret, resource },
    deadlineMs: config.deadline,
    settleDelayMs: config.settle_delay,
    postingDeadlineMs: config.posting_deadline,
    documents: {
      taxes: config.taxes,
      ledgerDimensions: config.ledger_dimensions,
      ledgerDelimiter: config.ledger_delimiter,
      ownedParts: config.finance_operations_owns,
      ...(taxIdField !== undefined && { taxIdField }),
    },
  };
}
