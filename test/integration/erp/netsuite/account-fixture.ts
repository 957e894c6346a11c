import { generateKeyPairSync } from "node:crypto";
import { expect } from "vitest";
import { systemClock } from "../../../../src/model/clock.ts";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import {
  ErpFault,
  type BatchContext,
  type FoundDocument,
  type PlannedPosting,
} from "../../../../src/sinks/erp/erp-sink.ts";
import type {
  NetsuiteCredentials,
  NetsuiteOptions,
} from "../../../../src/sinks/erp/netsuite/configuration.ts";
import { NetsuiteSink } from "../../../../src/sinks/erp/netsuite/sink.ts";
import type { MachineCredentials } from "../../../simulators/netsuite/machine-authentication.ts";
import { NetSuiteSimulator, type NetSuiteSimulatorOptions } from "../../../simulators/netsuite/simulator.ts";
import { PREFIX, SETTINGS } from "../../../unit/erp/netsuite/netsuite-fixture.ts";

/** A simulated account and a sink that posts to it. */

const TOKEN = {
  consumerKey: "consumer-key",
  consumerSecret: "consumer secret/+",
  tokenKey: "token-id",
  tokenSecret: "token secret&%",
};

const TOKEN_CREDENTIALS: NetsuiteCredentials = {
  kind: "token",
  consumerKey: TOKEN.consumerKey,
  consumerSecret: TOKEN.consumerSecret,
  tokenId: TOKEN.tokenKey,
  tokenSecret: TOKEN.tokenSecret,
};

/** A client with a certificate: what the account is told of it, and what the sink has. */
export function machineClient(clientId = "client"): {
  readonly account: MachineCredentials;
  readonly sink: NetsuiteCredentials;
} {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    account: {
      clientId: "client",
      certificates: { "cert-1": publicKey.export({ type: "spki", format: "pem" }).toString() },
    },
    sink: {
      kind: "machine",
      clientId,
      certificateId: "cert-1",
      privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      algorithm: "ES256",
    },
  };
}

export function context(attempt = 1): { readonly signal: AbortSignal; readonly attempt: number } {
  return { signal: new AbortController().signal, attempt };
}

export function batchContext(plans: readonly PlannedPosting[], attempt = 1): BatchContext {
  return { ...context(attempt), attempts: plans.map(() => attempt) };
}

export class Bookkeeping {
  simulator: NetSuiteSimulator;
  /** The one that was opened last. */
  sink!: NetsuiteSink;
  /** Its requests. */
  seen: { readonly operation: string; readonly outcome: string }[] = [];
  readonly #sinks: NetsuiteSink[] = [];

  private constructor(simulator: NetSuiteSimulator) {
    this.simulator = simulator;
    this.open();
  }

  static async start(): Promise<Bookkeeping> {
    return new Bookkeeping(await NetSuiteSimulator.start({ token: TOKEN }));
  }

  /** Another account instead. */
  async restart(options: NetSuiteSimulatorOptions = {}): Promise<void> {
    await this.simulator.close();
    this.simulator = await NetSuiteSimulator.start({ token: TOKEN, ...options });
    this.open();
  }

  /** Another sink, with other options. */
  open(changes: Partial<NetsuiteOptions> = {}): void {
    const seen: { readonly operation: string; readonly outcome: string }[] = [];
    this.seen = seen;
    this.sink = new NetsuiteSink(
      {
        account: "1234567_SB1",
        url: this.simulator.url,
        authentication: TOKEN_CREDENTIALS,
        deadlineMs: 10_000,
        settleDelayMs: 50,
        isAsynchronous: false,
        documents: SETTINGS,
        ...changes,
      },
      {
        prefix: PREFIX,
        clock: systemClock,
        random: Math.random,
        onRequest: (operation, outcome) => {
          seen.push({ operation, outcome });
        },
      },
    );
    this.#sinks.push(this.sink);
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((each) => each.close()));
    await this.simulator.close();
  }

  /** Plans and submits; the answer must be the record. */
  async post(posted: PostingCommand): Promise<{ readonly plan: PlannedPosting; readonly id: string }> {
    const plan = this.sink.plan(posted);
    const answer = await this.sink.submit(plan, context());
    if (answer.status !== "confirmed") throw new Error("it was only accepted");
    return { plan, id: answer.erp.id };
  }

  /** Plans and submits; the answer must be a handle. */
  async begin(plan: PlannedPosting, attempt = 1): Promise<string> {
    const answer = await this.sink.submit(plan, context(attempt));
    if (answer.status !== "accepted") throw new Error("it was not accepted");
    return answer.handle;
  }

  /** What NetSuite has is what was planned, by both ways of reading it. */
  async expectAsPlanned(plan: PlannedPosting): Promise<void> {
    expectEqual(plan, (await this.sink.lookUp(plan, context()))[0]);
    expectEqual(plan, (await this.sink.readBack([plan], context()))[0]);
  }
}

/** Origin at which nobody listens. */
export async function unusedAddress(): Promise<string> {
  const simulator = await NetSuiteSimulator.start();
  await simulator.close();
  return simulator.url;
}

export async function faultOf(act: Promise<unknown>): Promise<ErpFault> {
  try {
    await act;
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
  throw new Error("there was no fault");
}

export function expectEqual(plan: PlannedPosting, found: FoundDocument | undefined): void {
  const normal = (document: FoundDocument["document"] | undefined): unknown => ({
    ...document,
    total: Number(document?.total),
    tax: Number(document?.tax),
    lines: document?.lines.map(({ reference, amount }) => `${reference} ${Number(amount)}`).sort(),
  });
  expect(found?.externalId).toBe(plan.externalId);
  expect(normal(found?.document)).toEqual(normal(plan.expected));
}
