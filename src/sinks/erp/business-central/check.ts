import { z } from "zod";
import type { MappedReferences, PostingKind } from "../../../model/posting.ts";
import { outcomeOf } from "../common/connection-check.ts";
import { type ConnectionFinding, ErpFault } from "../erp-sink.ts";
import { type CheckedCompany, missingReferences } from "./check-references.ts";
import type { BusinessCentralClient } from "./client.ts";
import type { WebhookOptions } from "./configuration.ts";
import { MAX_SUBSCRIPTIONS } from "./limits.ts";
import { parsed, readAll } from "./odata.ts";
import type { PlanSettings } from "./plan.ts";
import { readSubscriptions } from "./subscriptions.ts";

/** What an application needs for each kind of document, as Business Central's permission sets call it. */
const NEEDS: Readonly<Record<PostingKind, { readonly set: string; readonly permission: string }>> = {
  customer: { set: "customers", permission: "D365 CUSTOMER, EDIT" },
  invoice: { set: "salesInvoices", permission: "D365 SALES DOC, POST" },
  "credit-memo": { set: "salesCreditMemos", permission: "D365 SALES DOC, POST" },
  journal: { set: "journals", permission: "D365 JOURNALS, POST" },
};

export interface CheckOptions {
  readonly settings: PlanSettings;
  readonly kinds: readonly PostingKind[];
  readonly references: MappedReferences;
  readonly webhook: WebhookOptions | undefined;
  /** YYYY-MM-DD. */
  readonly today: string;
  readonly signal: AbortSignal;
}

const companySchema = z.looseObject({ id: z.string(), name: z.string().nullish() });
const anySchema = z.looseObject({});
const setupSchema = z.looseObject({
  allowPostingFrom: z.string().nullish(),
  allowPostingTo: z.string().nullish(),
  localCurrencyCode: z.string().nullish(),
});
/** How an empty date comes. */
const NO_DATE = "0001-01-01";

/**
 * What is wrong with a connection: credentials, companies, permissions, posting dates, rows of the mapping. Only reads, so that an application that may read but not post is
 * not found out. Rejects where Business Central is too busy to tell.
 */
export async function check(
  client: BusinessCentralClient,
  options: CheckOptions,
): Promise<readonly ConnectionFinding[]> {
  const { settings, signal } = options;
  const listed = await outcomeOf(() =>
    readAll(client, { operation: "check", path: "companies", select: ["id", "name"], signal }, companySchema),
  );
  if (listed instanceof ErpFault) return [findingOf(listed, "companies", "D365 BASIC")];
  const findings: ConnectionFinding[] = [];
  const companies: CheckedCompany[] = [];
  for (const id of settings.companies) {
    const known = listed.find((company) => company.id.toLowerCase() === id);
    if (known === undefined)
      findings.push({
        problem: "configuration",
        message: `The environment has no company with the id ${id}, or the application may not see it (setting companies).`,
      });
    else findings.push(...(await checkCompany(client, { id, name: known.name ?? id }, options, companies)));
  }
  findings.push(...(await checkWebhook(client, options)));
  const mapped = await outcomeOf(() => missingReferences(client, companies, options));
  return mapped instanceof ErpFault
    ? [...findings, findingOf(mapped, "the lists that mappings name", "D365 READ")]
    : [...findings, ...mapped];
}

/** Whether subscriptions may be read, and whether there is room for ours. Whether the address is reached only a worker that listens can tell. */
async function checkWebhook(
  client: BusinessCentralClient,
  { settings, webhook, signal }: CheckOptions,
): Promise<readonly ConnectionFinding[]> {
  if (webhook?.isActive !== true) return [];
  const all = await outcomeOf(() => readSubscriptions(client, signal));
  if (all instanceof ErpFault)
    return [findingOf(all, "subscriptions", "one with the table data API Webhook Subscription")];
  const others = all.filter(({ notificationUrl }) => notificationUrl !== webhook.url).length;
  if (others + settings.companies.length <= MAX_SUBSCRIPTIONS) return [];
  return [
    {
      problem: "configuration",
      message: `The tenant has ${others} subscriptions of others and room for ${MAX_SUBSCRIPTIONS}: one for each of ${settings.companies.length} companies does not fit (setting webhook_url).`,
    },
  ];
}

async function checkCompany(
  client: BusinessCentralClient,
  { id, name }: { readonly id: string; readonly name: string },
  { kinds, today, signal }: CheckOptions,
  companies: CheckedCompany[],
): Promise<readonly ConnectionFinding[]> {
  const findings: ConnectionFinding[] = [];
  for (const kind of kinds) {
    const { set, permission } = NEEDS[kind];
    const path = `companies(${id})/${set}`;
    const fault = await outcomeOf(() =>
      readAll(client, { operation: "check", path, select: ["id"], top: 1, signal }, anySchema),
    );
    if (fault instanceof ErpFault) findings.push(findingOf(fault, `${set} of ${name}`, permission));
  }
  const setup = await outcomeOf(() =>
    readAll(client, { operation: "check", path: `companies(${id})/generalLedgerSetup`, signal }, setupSchema),
  );
  if (setup instanceof ErpFault) return [...findings, findingOf(setup, `setup of ${name}`, "D365 READ")];
  const { allowPostingFrom, allowPostingTo, localCurrencyCode } = parsed(setupSchema, setup[0] ?? {});
  companies.push({ id, name, localCurrency: localCurrencyCode ?? "" });
  const [from, to] = [dateOf(allowPostingFrom), dateOf(allowPostingTo)];
  if ((from !== undefined && today < from) || (to !== undefined && today > to))
    findings.push({
      problem: "configuration",
      message: `${name} takes postings from ${from ?? "any day"} to ${to ?? "any day"} only, and today is ${today} (General Ledger Setup, Allow Posting From and To).`,
    });
  return findings;
}

function dateOf(text: string | null | undefined): string | undefined {
  return text === null || text === undefined || text === NO_DATE || text === "" ? undefined : text;
}

function findingOf({ kind, message }: ErpFault, what: string, permission: string): ConnectionFinding {
  if (kind === "authentication")
    return {
      problem: "credentials",
      message: `The login is refused: check tenant, client id and secret, and that the application is enabled on the page Microsoft Entra Applications (${message}).`,
    };
  if (kind === "permission")
    return {
      problem: "permission",
      message: `The application may not read ${what}: it needs a permission set such as "${permission}" (${message}).`,
    };
  if (kind === "transient" || kind === "unknown")
    return { problem: "unreachable", message: `Business Central does not answer (${message}).` };
  return {
    problem: "configuration",
    message: `Business Central refuses a question about ${what} (${message}).`,
  };
}
