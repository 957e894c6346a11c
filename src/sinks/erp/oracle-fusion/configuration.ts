import { z } from "zod";
import { DURATION_UNIT_MS, durationText } from "../../../model/duration.ts";
import { addressField, durationField, fileField, secretField } from "../common/settings-fields.ts";
import type { FaultNoter, SecretReader } from "../erp-adapter.ts";
import type { OracleCredentials } from "./authentication.ts";
import {
  DEFAULT_REQUEST_DEADLINE_MS,
  DEFAULT_SETTLE_DELAY_MS,
  LONGEST_REQUEST_MS,
  MAX_INTERFACE_SEGMENT_CHARACTERS,
} from "./limits.ts";
import type { PlanSettings } from "./plan.ts";
import type { OracleSetup } from "./tools.ts";

/**
 * A connection to Oracle Fusion in the worker's configuration. Secrets are values (which the file takes from the environment) or files; `writeOnly`
 * marks them, so that they get no flag and are never printed.
 */

const { h: HOUR_MS } = DURATION_UNIT_MS;

function name(description: string) {
  return z.string().min(1, { error: "must not be empty" }).max(240).meta({ description });
}

/** What stands in a segment or a parameter of an import. */
function segment(description: string) {
  return z
    .string()
    .min(1, { error: "must not be empty" })
    .max(MAX_INTERFACE_SEGMENT_CHARACTERS)
    .regex(/^[^,\p{Cc}]*$/u, { error: "must have no commas and no control characters" })
    .meta({ description });
}

const basicSchema = z.strictObject({
  kind: z.literal("basic").meta({ description: "User and password." }),
  username: name("User of the environment."),
  password: secretField("The user's password."),
  password_file: fileField("File that holds the password."),
});

const oauthSchema = z.strictObject({
  kind: z
    .literal("oauth")
    .meta({ description: "OAuth 2.0 client credentials of Oracle's identity service." }),
  token_url: addressField(
    "Address of the identity service's tokens: https://idcs-….identity.oraclecloud.com/oauth2/v1/token.",
  ),
  client_id: name("Id of the confidential application."),
  client_secret: secretField("Secret of the confidential application."),
  client_secret_file: fileField("File that holds the secret."),
  scope: z
    .string()
    .min(1)
    .default("urn:opc:resource:consumer::all")
    .meta({ description: "Scope of the environment's resources." }),
});

const jwtSchema = z.strictObject({
  kind: z
    .literal("jwt")
    .meta({ description: "Assertions of a user, signed with a key that the environment trusts." }),
  issuer: name("Trusted issuer, as under Security Console > API Authentication."),
  username: name("User whom assertions stand for."),
  certificate_thumbprint: z
    .string()
    .regex(/^[\w-]{27}$/, { error: "must be the SHA-1 of the certificate, base64url: 27 characters" })
    .meta({ description: "SHA-1 of the certificate that was uploaded, base64url." }),
  private_key_file: name("PEM file with the certificate's private key (PKCS #8, RSA)."),
});

export const oracleFusionConnectionSchema = z
  .strictObject({
    adapter: z.literal("oracle-fusion").meta({ description: "Oracle Fusion Cloud ERP." }),
    url: addressField("Origin of the environment: https://….fa.….oraclecloud.com.").refine(
      (url) => !URL.canParse(url) || new URL(url).href === `${new URL(url).origin}/`,
      { error: "must be an origin, without a path" },
    ),
    authentication: z.discriminatedUnion("kind", [basicSchema, oauthSchema, jwtSchema]),
    deadline: durationField(
      durationText(DEFAULT_REQUEST_DEADLINE_MS),
      "How long an answer may take, all requests of one step together.",
      { minMs: 1, maxMs: LONGEST_REQUEST_MS },
    ),
    settle_delay: durationField(
      durationText(DEFAULT_SETTLE_DELAY_MS),
      "How long after a request without an answer Oracle is asked whether it has the document.",
      { minMs: 1, maxMs: HOUR_MS },
    ),
    transaction_source: name("Transaction source of invoices and credit memos.").default("Tributary"),
    invoice_type: name("Transaction type of invoices.").default("Invoice"),
    credit_memo_type: name("Transaction type of credit memos.").default("Credit Memo"),
    invoices: z.enum(["rest", "autoinvoice"]).default("rest").meta({
      description:
        "`rest`: each invoice and credit memo by requests of its own, compared before it counts; `autoinvoice`: many by one import.",
    }),
    interface_context: segment("Context of the line transactions flexfield for imported lines.").default(
      "TRIBUTARY",
    ),
    conversion_type: segment(
      "Conversion type of imported documents in another currency than the ledger's.",
    ).default("Corporate"),
    document_numbers: z.enum(["own", "derived"]).default("own").meta({
      description:
        "`own`: transactions have our numbers, of 20 characters at most; `derived`: a hash of the key.",
    }),
    apply_credit_memos: z.boolean().default(true).meta({
      description: "Apply a credit memo to the invoice that it corrects; otherwise it stays on the account.",
    }),
    source_system: name("Source system in whose name customers are made.").default("TRIBUTARY"),
    profile_class: name("Profile class of customers that are made.").default("DEFAULT"),
    oracle_owns_customers: z.boolean().default(false).meta({
      description: "Name and address of a customer are sent when it is made, and never changed after.",
    }),
    default_country: z
      .string()
      .regex(/^[A-Z]{2}$/, { error: "must be an ISO 3166 alpha-2 code" })
      .optional()
      .meta({ description: "Country of customers that have none; absent: they are refused." }),
    journal_source: name("Source of journals.").default("Tributary"),
    journal_category: name("Category of journals.").default("Tributary"),
    segment_delimiter: z
      .enum(["-", ".", "|", "_"])
      .default("-")
      .meta({ description: "What stands between the segments of an account." }),
    import_account: name("Account of the document server that files of journals go to.").default(
      "fin$/generalLedger$/import$",
    ),
    invoice_import_account: name("Account of the document server that files of invoices go to.").default(
      "fin$/receivables$/import$",
    ),
  })
  .meta({ description: "A connection to Oracle Fusion Cloud ERP." });

export type OracleFusionConnectionConfig = z.output<typeof oracleFusionConnectionSchema>;

/** What a sink is made with. */
export interface OracleFusionOptions {
  /** Origin of the environment. */
  readonly url: string;
  readonly authentication: OracleCredentials;
  readonly deadlineMs: number;
  readonly settleDelayMs: number;
  readonly documents: PlanSettings;
  readonly setup: OracleSetup;
}

/** Options of a connection, with its secrets; undefined where one of them is missing or can't be read. */
export function oracleFusionOptions(
  config: OracleFusionConnectionConfig,
  readSecret: SecretReader,
  noteFault: FaultNoter,
): OracleFusionOptions | undefined {
  const authentication = credentialsOf(config.authentication, readSecret, noteFault);
  if (authentication === undefined) return undefined;
  const { default_country: defaultCountry } = config;
  return {
    url: new URL(config.url).origin,
    authentication,
    deadlineMs: config.deadline,
    settleDelayMs: config.settle_delay,
    documents: {
      transactionSource: config.transaction_source,
      invoiceType: config.invoice_type,
      creditMemoType: config.credit_memo_type,
      ownNumbers: config.document_numbers === "own",
      appliesCreditMemos: config.apply_credit_memos,
      journalSource: config.journal_source,
      journalCategory: config.journal_category,
      importsInvoices: config.invoices === "autoinvoice",
      interfaceContext: config.interface_context,
      conversionType: config.conversion_type,
      segmentDelimiter: config.segment_delimiter,
      oracleOwnsCustomers: config.oracle_owns_customers,
      ...(defaultCountry !== undefined && { defaultCountry }),
    },
    setup: {
      sourceSystem: config.source_system,
      profileClass: config.profile_class,
      importAccount: config.import_account,
      invoiceImportAccount: config.invoice_import_account,
    },
  };
}

function credentialsOf(
  given: OracleFusionConnectionConfig["authentication"],
  readSecret: SecretReader,
  noteFault: FaultNoter,
): OracleCredentials | undefined {
  const secretOf = (
    field: string,
    value: string | undefined,
    file: string | undefined,
  ): string | undefined => {
    if (value !== undefined && file !== undefined) {
      noteFault(`authentication.${field}_file`, `${field} is given as well: choose one`);
      return undefined;
    }
    if (value === undefined && file === undefined) {
      noteFault(`authentication.${field}`, `${field} or ${field}_file is required`);
      return undefined;
    }
    return readSecret(`authentication.${field}`, value, file);
  };
  if (given.kind === "basic") {
    const password = secretOf("password", given.password, given.password_file);
    return password === undefined ? undefined : { kind: "basic", username: given.username, password };
  }
  if (given.kind === "oauth") {
    const clientSecret = secretOf("client_secret", given.client_secret, given.client_secret_file);
    if (clientSecret === undefined) return undefined;
    const { token_url: tokenUrl, client_id: clientId, scope } = given;
    return { kind: "oauth", tokenUrl, clientId, clientSecret, scope };
  }
  const privateKey = readSecret("authentication.private_key", undefined, given.private_key_file);
  if (privateKey === undefined) return undefined;
  const { issuer, username, certificate_thumbprint: certificateThumbprint } = given;
  return { kind: "jwt", issuer, username, certificateThumbprint, privateKey };
}
