import { z } from "zod";
import { DURATION_UNIT_MS, durationText } from "../../../model/duration.ts";
import { addressField, durationField, fileField, secretField } from "../common/settings-fields.ts";
import type { FaultNoter, SecretReader } from "../erp-adapter.ts";
import { codeOf } from "./external-id.ts";
import {
  DEFAULT_REQUEST_DEADLINE_MS,
  DEFAULT_SETTLE_DELAY_MS,
  LONGEST_REQUEST_MS,
  MAX_CLIENT_STATE_CHARACTERS,
  MAX_NOTIFICATION_URL_CHARACTERS,
  MIN_CLIENT_STATE_CHARACTERS,
} from "./limits.ts";
import { COMPANY_ID } from "./mapped-company.ts";
import { type PlanSettings, TAX_MODES } from "./plan.ts";

/** A connection to Business Central in the worker's configuration. */

const { h: HOUR_MS } = DURATION_UNIT_MS;
const LOOPBACK_ORIGIN = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;
const HTTPS_ORIGIN = /^https:\/\/[^/\s@?#]+$/;
/** More are better kept by several connections. */
const MAX_COMPANIES = 50;
const MAX_TAX_AREAS = 500;

const id = () =>
  z.string().regex(COMPANY_ID, { error: "must be an id such as 01234567-89ab-cdef-0123-456789abcdef" });
const origin = (description: string, otherwise: string) =>
  z
    .string()
    .refine((url) => HTTPS_ORIGIN.test(url) || LOOPBACK_ORIGIN.test(url), {
      error: "must be an origin that begins with https://, without a path, since secrets go there",
    })
    .default(otherwise)
    .meta({ description });

export const businessCentralConnectionSchema = z
  .strictObject({
    adapter: z.literal("business-central").meta({ description: "Microsoft Dynamics 365 Business Central." }),
    tenant: id().meta({ description: "Directory (tenant) id of Microsoft Entra." }),
    environment: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "must be an environment's name such as Production" })
      .meta({ description: "Name of the environment, as in the administration center." }),
    client_id: id().meta({ description: "Application (client) id of the app registration." }),
    client_secret: secretField("Client secret of the app registration."),
    client_secret_file: fileField("File that holds the client secret."),
    companies: z
      .array(id())
      .min(1, "must name at least one company")
      .max(MAX_COMPANIES)
      .refine((ids) => new Set(ids.map((each) => each.toLowerCase())).size === ids.length, {
        error: "names a company twice",
      })
      .meta({
        description: "Ids of the companies that are posted to and searched; rows of the mapping name them.",
      }),
    url: origin("Origin of the API, for tests and proxies.", "https://api.businesscentral.dynamics.com"),
    login_url: origin(
      "Origin of the login, for tests and national clouds.",
      "https://login.microsoftonline.com",
    ),
    deadline: durationField(
      durationText(DEFAULT_REQUEST_DEADLINE_MS),
      "How long the requests of one step may take. Business Central itself cuts off after 8 to 10 minutes.",
      { minMs: 1, maxMs: LONGEST_REQUEST_MS },
    ),
    settle_delay: durationField(
      durationText(DEFAULT_SETTLE_DELAY_MS),
      "How long after a request without an answer Business Central is asked whether it has the document.",
      { minMs: 1, maxMs: HOUR_MS },
    ),
    taxes: z.enum(TAX_MODES).default("computed").meta({
      description:
        "`computed`: worked out by tax codes and compared before posting; `lines`: as lines of an account.",
    }),
    untaxed_code: z
      .string()
      .regex(/^\S.{0,19}$/, { error: "must be a tax code of at most 20 characters" })
      .optional()
      .meta({ description: "Tax code of lines without tax; absent: that of the account or item." }),
    tax_areas: z
      .record(
        z
          .string()
          .regex(/^[A-Z]{2}(\/.{1,50})?$/, { error: "must be a country, or country/region, like US/CA" }),
        id(),
      )
      .refine((areas) => Object.keys(areas).length <= MAX_TAX_AREAS, {
        error: `has at most ${MAX_TAX_AREAS} places`,
      })
      .default({})
      .meta({ description: "Ids of tax areas that customers get, by their country or country and region." }),
    tax_ids: z.boolean().default(true).meta({
      description: "Whether tax numbers of customers are sent; Business Central checks their form.",
    }),
    webhook_url: addressField(
      "Address that Business Central sends notifications to, and that leads to the worker's `webhooks` port; absent: it is only polled.",
    )
      .max(MAX_NOTIFICATION_URL_CHARACTERS)
      .refine((url) => !url.includes("?"), { error: "must have no query" })
      .optional(),
    webhook_secret: secretField("Secret that each notification has to show (its client state)."),
    webhook_secret_file: fileField("File that holds this secret."),
    webhook_active: z.boolean().default(true).meta({
      description: "`false`: what is subscribed is ended, and Business Central is only polled.",
    }),
  })
  .meta({ description: "A connection to Microsoft Dynamics 365 Business Central." });

export type BusinessCentralConnectionConfig = z.output<typeof businessCentralConnectionSchema>;

/** What a sink is made with. */
export interface BusinessCentralOptions {
  /** Address of the environment's API. */
  readonly base: string;
  readonly tokenUrl: string;
  /** What a token is to be good for. */
  readonly scope: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly deadlineMs: number;
  readonly settleDelayMs: number;
  readonly documents: PlanSettings;
  /** Undefined where Business Central is only polled. */
  readonly webhook?: WebhookOptions | undefined;
}

export interface WebhookOptions {
  /** Where notifications are sent. */
  readonly url: string;
  readonly clientState: string;
  /** False where what is subscribed is to be ended. */
  readonly isActive: boolean;
}

const CLIENT_STATE = new RegExp(
  `^[\\x21-\\x7e]{${MIN_CLIENT_STATE_CHARACTERS},${MAX_CLIENT_STATE_CHARACTERS}}$`,
);

/** What a token is good for; the same wherever the API is reached. */
const SCOPE = "https://api.businesscentral.dynamics.com/.default";

/** Options of a connection, with its secret; undefined where that is missing. */
export function businessCentralOptions(
  config: BusinessCentralConnectionConfig,
  readSecret: SecretReader,
  fault: FaultNoter,
): BusinessCentralOptions | undefined {
  const { client_secret: value, client_secret_file: file, untaxed_code: untaxedCode } = config;
  const secret = oneSecret("client_secret", value, file, fault);
  const clientSecret = secret ? readSecret("client_secret", value, file) : undefined;
  const webhook = webhookOptions(config, readSecret, fault);
  if (clientSecret === undefined || webhook === null) return undefined;
  const { tenant, environment } = config;
  return {
    base: `${config.url}/v2.0/${tenant}/${environment}/api/v2.0`,
    tokenUrl: `${config.login_url}/${tenant}/oauth2/v2.0/token`,
    scope: SCOPE,
    clientId: config.client_id,
    clientSecret,
    deadlineMs: config.deadline,
    settleDelayMs: config.settle_delay,
    documents: {
      companies: config.companies.map((company) => company.toLowerCase()),
      taxes: config.taxes,
      ...(untaxedCode !== undefined && { untaxedCode: codeOf(untaxedCode) }),
      taxAreas: config.tax_areas,
      sendsTaxIds: config.tax_ids,
    },
    ...(webhook !== undefined && { webhook }),
  };
}

/** Whether a secret is given, and in one way only; notes it where not. */
function oneSecret(
  setting: string,
  value: string | undefined,
  file: string | undefined,
  fault: FaultNoter,
): boolean {
  if ((value === undefined) !== (file === undefined)) return true;
  if (value === undefined) fault(setting, `${setting} or ${setting}_file is required`);
  else fault(`${setting}_file`, `${setting} is given as well: choose one`);
  return false;
}

/** Null where a fault was noted. */
function webhookOptions(
  config: BusinessCentralConnectionConfig,
  readSecret: SecretReader,
  fault: FaultNoter,
): WebhookOptions | undefined | null {
  const { webhook_url: url, webhook_secret: value, webhook_secret_file: file } = config;
  if (url === undefined) {
    if (value === undefined && file === undefined) return undefined;
    fault("webhook_url", "is required with a webhook's secret");
    return null;
  }
  if (!oneSecret("webhook_secret", value, file, fault)) return null;
  const clientState = readSecret("webhook_secret", value, file);
  if (clientState === undefined) return null;
  if (!CLIENT_STATE.test(clientState)) {
    const [min, max] = [MIN_CLIENT_STATE_CHARACTERS, MAX_CLIENT_STATE_CHARACTERS];
    fault("webhook_secret", `must have ${min} to ${max} characters of ASCII without spaces`);
    return null;
  }
  return { url, clientState, isActive: config.webhook_active };
}
