import { z } from "zod";
import type { ErpFaultKind } from "../../../model/posting.ts";
import { isEqualSecret } from "../../http/equal-secrets.ts";
import type { SubscriptionState } from "../change-notifications.ts";
import { ErpFault } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import type { WebhookOptions } from "./configuration.ts";
import { MAX_SUBSCRIPTIONS, RENEW_BEFORE_MS } from "./limits.ts";
import { parsed, quoted, readAll } from "./odata.ts";

/**
 * One subscription for each company, to its sales invoices. They are known by the address that they send to, so a runner that takes a connection over finds those of the former one: a tenant
 * has room for a limited number. What is subscribed twice, or to what is not wanted any more, is ended.
 */

const subscriptionSchema = z.looseObject({
  "@odata.etag": z.string().optional(),
  subscriptionId: z.string().min(1),
  notificationUrl: z.string(),
  resource: z.string(),
  clientState: z.string().nullish(),
  expirationDateTime: z.iso.datetime({ offset: true }),
});
type Subscription = z.output<typeof subscriptionSchema>;

const OPERATION = "keep-subscribed";

export interface SubscribedCompanies {
  readonly client: BusinessCentralClient;
  readonly webhook: WebhookOptions;
  /** Ids in lower case. */
  readonly companies: readonly string[];
}

/** Rejects with ErpFault; what was done until then stays, and is found by the next call. A company that is refused keeps no other from its subscription. */
export async function keepSubscribed(
  parts: SubscribedCompanies,
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<SubscriptionState> {
  const { client, webhook, companies } = parts;
  const all = await readSubscriptions(client, signal);
  const own = all.filter(({ notificationUrl }) => notificationUrl === webhook.url);
  const found = companies.map((company) => longestOf(own, resourceOf(company)));
  // First, so that there is room.
  for (const each of own) if (!found.includes(each)) await end(client, each, signal);
  let endsAtMs = Number.POSITIVE_INFINITY;
  let isUnbroken = true;
  let refusal: ErpFault | undefined;
  for (const [index, company] of companies.entries())
    try {
      const subscription = found[index];
      const isFresh = subscription !== undefined && isCurrent(subscription, webhook, nowMs);
      const renewed = isFresh ? subscription : await renew(parts, subscription, company, signal);
      if (renewed === undefined) isUnbroken = false;
      const standing = renewed ?? (await create(parts, company, all.length, signal));
      endsAtMs = Math.min(endsAtMs, Date.parse(standing.expirationDateTime));
    } catch (fault) {
      if (!(fault instanceof ErpFault) || !REFUSALS.has(fault.kind)) throw fault;
      refusal ??= fault;
    }
  if (refusal !== undefined) throw refusal;
  return { endsAtMs, isUnbroken };
}

/** Answers that concern one subscription. */
const REFUSALS: ReadonlySet<ErpFaultKind> = new Set([
  "validation",
  "mapping",
  "duplicate",
  "version-conflict",
]);

/** Of several for one resource the one that lasts longest. */
function longestOf(own: readonly Subscription[], resource: string): Subscription | undefined {
  const endMs = ({ expirationDateTime }: Subscription): number => Date.parse(expirationDateTime);
  return own
    .filter((each) => isResource(each.resource, resource))
    .reduce<Subscription | undefined>(
      (longest, each) => (longest === undefined || endMs(each) > endMs(longest) ? each : longest),
      undefined,
    );
}

/** Ends all that send to the address. */
export async function unsubscribe(
  { client, webhook }: SubscribedCompanies,
  signal: AbortSignal,
): Promise<void> {
  for (const each of await readSubscriptions(client, signal))
    if (each.notificationUrl === webhook.url) await end(client, each, signal);
}

/** All of the tenant that the application may see. */
export function readSubscriptions(
  client: BusinessCentralClient,
  signal: AbortSignal,
): Promise<readonly Subscription[]> {
  return readAll(client, { operation: OPERATION, path: "subscriptions", signal }, subscriptionSchema);
}

/** Whether it lasts long enough and has our secret. One that doesn't tell its client state gets ours when it is renewed. */
function isCurrent(
  { expirationDateTime, clientState }: Subscription,
  webhook: WebhookOptions,
  nowMs: number,
): boolean {
  if (Date.parse(expirationDateTime) - nowMs < RENEW_BEFORE_MS) return false;
  return isEqualSecret(clientState ?? webhook.clientState, webhook.clientState);
}

function resourceOf(company: string): string {
  return `/api/v2.0/companies(${company})/salesInvoices`;
}

/** Resources are told as they were given, or as whole addresses. */
function isResource(told: string, resource: string): boolean {
  return `/${told.toLowerCase()}`.endsWith(resource.toLowerCase());
}

function bodyOf({ url, clientState }: WebhookOptions, resource: string): string {
  return JSON.stringify({ notificationUrl: url, resource, clientState });
}

async function create(
  { client, webhook }: SubscribedCompanies,
  company: string,
  known: number,
  signal: AbortSignal,
): Promise<Subscription> {
  try {
    const { body } = await client.send({
      operation: OPERATION,
      method: "POST",
      path: "subscriptions",
      effect: "write",
      body: bodyOf(webhook, resourceOf(company)),
      signal,
    });
    return parsed(subscriptionSchema, body);
  } catch (fault) {
    if (!(fault instanceof ErpFault) || known < MAX_SUBSCRIPTIONS) throw fault;
    throw new ErpFault(fault.kind, `${fault.message} (the tenant has ${known} subscriptions)`, {
      code: fault.code,
    });
  }
}

/** Undefined where there is none, or none any more. */
async function renew(
  { client, webhook }: SubscribedCompanies,
  subscription: Subscription | undefined,
  company: string,
  signal: AbortSignal,
): Promise<Subscription | undefined> {
  if (subscription === undefined) return undefined;
  const body = bodyOf(webhook, resourceOf(company));
  try {
    const reply = await client.send({ ...changeOf(subscription), method: "PATCH", body, signal });
    return parsed(subscriptionSchema, reply.body);
  } catch (fault) {
    if (isGone(fault)) return undefined;
    throw fault;
  }
}

async function end(
  client: BusinessCentralClient,
  subscription: Subscription,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.send({ ...changeOf(subscription), method: "DELETE", signal });
  } catch (fault) {
    if (!isGone(fault)) throw fault;
  }
}

function changeOf(subscription: Subscription) {
  return {
    operation: OPERATION,
    path: `subscriptions(${encodeURIComponent(quoted(subscription.subscriptionId))})`,
    effect: "write",
    headers: { "if-match": subscription["@odata.etag"] ?? "*" },
  } as const;
}

function isGone(fault: unknown): boolean {
  return fault instanceof ErpFault && GONE.has(fault.code ?? "");
}
const GONE: ReadonlySet<string> = new Set(["Internal_RecordNotFound", "BadRequest_NotFound"]);

/** Nobody should repeat the secret to us, and nobody gets it from us. */
export async function withoutSecret<Result>(
  clientState: string,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (fault) {
    if (!(fault instanceof ErpFault) || !fault.message.includes(clientState)) throw fault;
    const { kind, code, retryAfterMs } = fault;
    throw new ErpFault(kind, fault.message.replaceAll(clientState, "…"), {
      code,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
}
