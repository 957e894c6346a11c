import { createHmac, randomBytes } from "node:crypto";
import { afterEach, beforeEach } from "vitest";
import { z } from "zod";
import { NetSuiteSimulator, type NetSuiteSimulatorOptions } from "../../../simulators/netsuite/simulator.ts";

export const TOKEN = {
  consumerKey: "consumer-key",
  consumerSecret: "consumer-secret",
  tokenKey: "token-key",
  tokenSecret: "token-secret",
};

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  /** What the error of the ERP says; empty where there is none. */
  readonly code: string;
  readonly detail: string;
  readonly path: string;
  /** The id in the location. */
  readonly id: string;
}

const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** A header of OAuth 1.0a, worked out here by hand: the simulator checks it with a library. */
export function authorizationOf(
  method: string,
  url: string,
  changes: Readonly<Record<string, string>> = {},
  secrets = TOKEN,
): string {
  const oauth: Record<string, string> = {
    oauth_consumer_key: TOKEN.consumerKey,
    oauth_token: TOKEN.tokenKey,
    oauth_nonce: randomBytes(10).toString("hex"),
    oauth_timestamp: String(Math.floor(Date.now() / 1_000)),
    oauth_signature_method: "HMAC-SHA256",
    oauth_version: "1.0",
    ...changes,
  };
  const { realm = "1234567_SB1", oauth_signature: forged, ...signed } = oauth;
  const { origin, pathname, searchParams } = new URL(url);
  const pairs = [...Object.entries(signed), ...searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort();
  const base = [method, `${origin}${pathname}`, pairs.join("&")].map(encoded).join("&");
  const key = `${encoded(secrets.consumerSecret)}&${encoded(secrets.tokenSecret)}`;
  const signature = forged ?? createHmac("sha256", key).update(base).digest("base64");
  const parts = Object.entries({ ...signed, oauth_signature: signature }).map(
    ([name, value]) => `${name}="${encoded(value)}"`,
  );
  return `OAuth realm="${realm}", ${parts.join(", ")}`;
}

/** A client that signs each request with the token. */
export class Client {
  readonly #simulator: NetSuiteSimulator;

  constructor(simulator: NetSuiteSimulator) {
    this.#simulator = simulator;
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const url = `${this.#simulator.url}/services/rest${path}`;
    const response = await fetch(url, {
      method,
      headers: {
        authorization: authorizationOf(method, url),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return replyOf(response);
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.call("POST", path, body, headers);
  }

  async put(path: string, body: unknown): Promise<Reply> {
    return this.call("PUT", path, body);
  }

  async query(q: string, parameters = ""): Promise<Reply> {
    return this.post(`/query/v1/suiteql${parameters}`, { q }, { prefer: "transient" });
  }

  async rows(q: string): Promise<readonly Record<string, unknown>[]> {
    const reply = await this.query(q);
    if (reply.status !== 200) throw new Error(reply.detail);
    return itemsOf(reply).map(({ links: _links, ...row }) => row);
  }

  async customer(changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return (await this.put("/record/v1/customer/eid:acme-customer:c1", { ...CUSTOMER, ...changes })).id;
  }
}

const ERROR_DETAILS = z.array(z.record(z.string(), z.string()));
const ITEMS = z.array(z.record(z.string(), z.unknown()));

/** The items of a collection. */
export function itemsOf({ body }: Reply): Record<string, unknown>[] {
  return ITEMS.parse(body["items"]);
}

export async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  const body: Record<string, unknown> = JSON.parse(text === "" ? "{}" : text);
  const [error = {}] = ERROR_DETAILS.parse(body["o:errorDetails"] ?? []);
  return {
    status: response.status,
    headers: response.headers,
    body,
    code: error["o:errorCode"] ?? "",
    detail: error["detail"] ?? "",
    path: error["o:errorPath"] ?? error["o:errorQueryParam"] ?? error["o:errorHeader"] ?? "",
    id: response.headers.get("location")?.split("/").at(-1) ?? "",
  };
}

export const CUSTOMER = {
  companyName: "Acme",
  isPerson: false,
  subsidiary: { id: "2" },
  currency: { id: "4" },
  email: "ap@acme.test",
  terms: { id: "2" },
};

export function invoiceOf(customer: string, changes: Readonly<Record<string, unknown>> = {}): object {
  return {
    entity: { id: customer },
    subsidiary: { id: "2" },
    currency: { id: "4" },
    tranDate: "2026-06-30",
    dueDate: "2026-07-30",
    item: {
      items: [{ item: { id: "86" }, quantity: 1, rate: 120.5, amount: 120.5, taxDetailsReference: "L1" }],
    },
    taxDetailsOverride: true,
    taxDetails: {
      items: [
        {
          taxDetailsReference: "L1",
          taxType: { id: "8" },
          taxCode: { id: "21" },
          taxRate: 19,
          taxBasis: 120.5,
          taxAmount: 22.9,
        },
      ],
    },
    ...changes,
  };
}

export function journalOf(changes: Readonly<Record<string, unknown>> = {}): object {
  return {
    subsidiary: { id: "1" },
    currency: { id: "1" },
    tranDate: "2026-06-30",
    memo: "Unbilled revenue 2026-06",
    line: {
      items: [
        { account: { id: "119" }, debit: 300, department: { id: "5" }, memo: "c42" },
        { account: { id: "54" }, credit: 300, memo: "c42" },
      ],
    },
    ...changes,
  };
}

/** A simulator for each test, and a client of it. */
export function useSimulator(options: NetSuiteSimulatorOptions = {}): {
  readonly simulator: NetSuiteSimulator;
  readonly client: Client;
} {
  const used: { simulator?: NetSuiteSimulator } = {};
  beforeEach(async () => {
    used.simulator = await NetSuiteSimulator.start({ token: TOKEN, ...options });
  });
  afterEach(async () => {
    await used.simulator?.close();
  });
  const running = (): NetSuiteSimulator => {
    if (used.simulator === undefined) throw new Error("the simulator has not started");
    return used.simulator;
  };
  return {
    get simulator() {
      return running();
    },
    get client() {
      return new Client(running());
    },
  };
}
