import { randomUUID } from "node:crypto";
import { parseJson } from "../exact-numbers.ts";
import type { Answer, ApiRequest } from "./api-service.ts";
import type { Environment } from "./environment.ts";
import {
  badRequest,
  BusinessCentralError,
  dialog,
  entityChanged,
  recordNotFound,
  unknownProperty,
} from "./errors.ts";
import { RECORD_SETS, type RecordSet } from "./store.ts";

/** Who is told of changes of one set of a company. */
export interface Subscription {
  readonly id: string;
  readonly notificationUrl: string;
  /** As it was given. */
  readonly resource: string;
  readonly company: string;
  readonly set: RecordSet;
  readonly clientState: string;
  readonly expiresMs: number;
  readonly version: number;
}

export interface SubscriptionOptions {
  readonly environment: Environment;
  readonly nowMs: () => number;
  /** Subscriptions of a tenant. */
  readonly maxSubscriptions: number;
  readonly lifetimeMs: number;
}

const FIELDS: ReadonlySet<string> = new Set(["notificationUrl", "resource", "clientState"]);
const RESOURCE =
  /^(?:https?:\/\/[^/]+\/v2\.0\/[^/]+\/[^/]+)?\/?api\/v2\.0\/companies\(([0-9a-f-]{36})\)\/(\w+)$/i;
const NOTIFICATION_URL = /^(https:\/\/|http:\/\/127\.0\.0\.1(:\d+)?\/)/;
const ONE = /^subscriptions\('([^']+)'\)$/;
const MAX_CLIENT_STATE = 2048;
const HANDSHAKE_TIMEOUT_MS = 5_000;
const NEVER_MS = Date.UTC(2999, 0);

/** Subscriptions: kept for three days, and made or renewed only if the address says that it is meant. */
export class SubscriptionService {
  readonly #options: SubscriptionOptions;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  static isPath(url: string): boolean {
    return /^subscriptions(\(|\?|$)/.test(url);
  }

  /** Those that have not ended. */
  alive(): readonly Subscription[] {
    const nowMs = this.#options.nowMs();
    for (const { id, expiresMs } of this.#subscriptions.values())
      if (expiresMs <= nowMs) this.#subscriptions.delete(id);
    return [...this.#subscriptions.values()];
  }

  /** Others of the tenant subscribe, without end, to something of their own. */
  occupy(places: number): void {
    const [company] = this.#options.environment.companies;
    for (let place = 0; place < places; place++)
      this.#subscriptions.set(`other-${place}`, {
        id: `other-${place}`,
        notificationUrl: "https://others.example.test/",
        resource: `/api/v2.0/companies(${company?.id ?? ""})/customers`,
        company: company?.id ?? "",
        set: "customers",
        clientState: "",
        expiresMs: NEVER_MS,
        version: 1,
      });
  }

  remove(id: string): void {
    this.#subscriptions.delete(id);
  }

  /** What has to happen before a request is answered: the address of one that is made or renewed is asked whether it is meant. Throws where it does not say so. */
  async prepare(request: ApiRequest): Promise<void> {
    if (request.method !== "POST" && request.method !== "PATCH") return;
    if (request.method === "PATCH") this.#matching(request);
    else if (request.url !== "subscriptions") throw noSuch(request.url);
    const { notificationUrl, clientState } = this.#checked(request);
    await shakeHands(notificationUrl, clientState);
  }

  answer(request: ApiRequest): Answer {
    const { method, url, base } = request;
    if (url.split("?")[0] === "subscriptions") {
      if (method === "GET")
        return answered(200, {
          "@odata.context": `${base}/$metadata#subscriptions`,
          value: this.alive().map(view),
        });
      if (method === "POST") return answered(201, view(this.#create(request)));
    } else if (method === "GET") return answered(200, view(this.#one(url)));
    else if (method === "PATCH") return answered(200, view(this.#renew(request)));
    else if (method === "DELETE") {
      this.remove(this.#matching(request).id);
      return { status: 204, headers: {} };
    }
    throw new BusinessCentralError(
      405,
      "BadRequest_MethodNotAllowed",
      `'${method}' requests are not allowed.`,
    );
  }

  #create(request: ApiRequest): Subscription {
    const { maxSubscriptions } = this.#options;
    if (this.alive().length >= maxSubscriptions)
      throw dialog(`You have reached the maximum of ${maxSubscriptions} subscriptions.`);
    return this.#put({ id: randomUUID().replaceAll("-", ""), version: 1, ...this.#checked(request) });
  }

  #renew(request: ApiRequest): Subscription {
    const { id, version } = this.#matching(request);
    return this.#put({ id, version: version + 1, ...this.#checked(request) });
  }

  #put(subscription: Omit<Subscription, "expiresMs">): Subscription {
    const { nowMs, lifetimeMs } = this.#options;
    const stored = { ...subscription, expiresMs: nowMs() + lifetimeMs };
    this.#subscriptions.set(stored.id, stored);
    return stored;
  }

  #one(url: string): Subscription {
    const [, id = ""] = ONE.exec(decodeURIComponent(url)) ?? [];
    const subscription = this.alive().find((each) => each.id === id);
    if (subscription === undefined) throw recordNotFound("subscription");
    return subscription;
  }

  #matching(request: ApiRequest): Subscription {
    const subscription = this.#one(request.url);
    const given = request.header("if-match");
    if (given === undefined)
      throw new BusinessCentralError(
        400,
        "BadRequest_InvalidToken",
        "Could not validate the client concurrency token required by the service. Please provide a valid token in the client request.",
      );
    if (given !== "*" && given !== etagOf(subscription)) throw entityChanged();
    return subscription;
  }

  #checked(request: ApiRequest): Omit<Subscription, "id" | "version" | "expiresMs"> {
    if (!/^application\/json\b/i.test(request.header("content-type") ?? ""))
      throw new BusinessCentralError(415, "BadRequest", "The content type is not supported.");
    const body = objectOf(request.body);
    const unknown = Object.keys(body).find((name) => !FIELDS.has(name));
    if (unknown !== undefined) throw unknownProperty(unknown, "subscriptions");
    const text = (name: string): string => {
      const value = body[name] ?? "";
      if (typeof value !== "string") throw badRequest(`The value of '${name}' is no text.`);
      return value;
    };
    const [notificationUrl, resource, clientState] = [
      text("notificationUrl"),
      text("resource"),
      text("clientState"),
    ];
    if (!NOTIFICATION_URL.test(notificationUrl)) throw badRequest("The notificationUrl must use HTTPS.");
    if (clientState.length > MAX_CLIENT_STATE)
      throw new BusinessCentralError(400, "Application_StringExceededLength", "The clientState is too long.");
    const [, company = "", name = ""] = RESOURCE.exec(resource) ?? [];
    const set = RECORD_SETS.find((each) => each === name);
    const isKnown = this.#options.environment.companies.some(({ id }) => id === company.toLowerCase());
    if (set === undefined || !isKnown) throw badRequest("The resource can't be subscribed to.");
    return { notificationUrl, resource, clientState, company: company.toLowerCase(), set };
  }
}

/** Where a query is added to an address. */
export function withQuery(url: string, name: string, value: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${name}=${encodeURIComponent(value)}`;
}

async function shakeHands(url: string, clientState: string): Promise<void> {
  const token = randomUUID();
  let problem = "";
  try {
    const reply = await fetch(withQuery(url, "validationToken", token), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ clientState }),
      signal: AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS),
    });
    const text = await reply.text();
    if (reply.status !== 200) problem = `it answered with ${reply.status}`;
    else if (text !== token) problem = "it answered with something else";
  } catch {
    problem = "it did not answer";
  }
  if (problem !== "")
    throw dialog(`The notification URL ${url} has to answer with the validation token; ${problem}.`);
}

function view(subscription: Subscription): object {
  const { id, notificationUrl, resource, clientState, expiresMs } = subscription;
  return {
    "@odata.etag": etagOf(subscription),
    subscriptionId: id,
    notificationUrl,
    resource,
    clientState,
    userId: "00000000-0000-0000-0000-000000000001",
    expirationDateTime: new Date(expiresMs).toISOString(),
  };
}

function etagOf({ id, version }: Subscription): string {
  return `W/"${Buffer.from(`${version};${id}`).toString("base64")}"`;
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = parseJson(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw badRequest("Invalid Request Body");
}

function answered(status: number, body: object): Answer {
  return { status, headers: {}, body };
}

function noSuch(url: string): BusinessCentralError {
  return new BusinessCentralError(
    404,
    "BadRequest_ResourceNotFound",
    `Resource not found for the segment '${url.slice(0, 100)}'.`,
  );
}
