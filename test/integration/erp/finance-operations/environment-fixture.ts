import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { systemClock } from "../../../../src/model/clock.ts";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault, type FoundDocument, type PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { FinanceOperationsOptions } from "../../../../src/sinks/erp/finance-operations/configuration.ts";
import { FinanceOperationsSink } from "../../../../src/sinks/erp/finance-operations/sink.ts";
import {
  FinanceOperationsSimulator,
  type FinanceOperationsSimulatorOptions,
} from "../../../simulators/finance-operations/simulator.ts";
import { PREFIX, SETTINGS } from "../../../unit/erp/finance-operations/finance-operations-fixture.ts";

/** A simulated environment and a sink that posts to it. */

const RESOURCE = "https://contoso.operations.dynamics.com";
export const CLIENT = {
  tenant: randomUUID(),
  clientId: randomUUID(),
  clientSecret: "client secret/+&%",
  scope: `${RESOURCE}/.default`,
};

/** What the simulator's log says of a fault of its own. */
const FAILURE = "simulator failed";

export function context(attempt = 1): { readonly signal: AbortSignal; readonly attempt: number } {
  return { signal: new AbortController().signal, attempt };
}

export class Bookkeeping {
  simulator: FinanceOperationsSimulator;
  /** The one that was opened last. */
  sink!: FinanceOperationsSink;
  /** Its requests. */
  seen: { readonly operation: string; readonly outcome: string }[] = [];
  /** How far the sink's clock is ahead, milliseconds. */
  aheadMs = 0;
  readonly #sinks: FinanceOperationsSink[] = [];

  private constructor(simulator: FinanceOperationsSimulator) {
    this.simulator = simulator;
    this.open();
  }

  static async start(): Promise<Bookkeeping> {
    return new Bookkeeping(await FinanceOperationsSimulator.start({ client: CLIENT }));
  }

  /** Another environment instead. */
  async restart(options: Partial<FinanceOperationsSimulatorOptions> = {}): Promise<void> {
    await this.simulator.close();
    this.simulator = await FinanceOperationsSimulator.start({ client: CLIENT, ...options });
    this.open();
  }

  /** Another sink, with other options. */
  open(changes: Partial<FinanceOperationsOptions> = {}): void {
    const seen: { readonly operation: string; readonly outcome: string }[] = [];
    this.seen = seen;
    const { tenant, clientId, clientSecret } = CLIENT;
    this.sink = new FinanceOperationsSink(
      {
        url: this.simulator.url,
        authentication: { authority: this.simulator.url, tenant, clientId, clientSecret, resource: RESOURCE },
        deadlineMs: 10_000,
        settleDelayMs: 50,
        postingDeadlineMs: 60_000,
        documents: SETTINGS,
        ...changes,
      },
      {
        prefix: PREFIX,
        clock: { ...systemClock, nowMs: () => systemClock.nowMs() + this.aheadMs },
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
    const failures = this.simulator.ledger().requests.filter(({ message }) => message?.includes(FAILURE));
    if (failures.length > 0) throw new Error(`the simulator failed: ${JSON.stringify(failures[0])}`);
  }

  /** Plans, submits and polls until it is posted. */
  async post(posted: PostingCommand): Promise<{ readonly plan: PlannedPosting; readonly id: string }> {
    const plan = this.sink.plan(posted);
    return { plan, id: await this.finish(plan) };
  }

  /** Submits and polls; gives the ERP's id. */
  async finish(plan: PlannedPosting): Promise<string> {
    const answer = await this.sink.submit(plan, context());
    const ended =
      answer.status === "accepted" ? await this.sink.poll(plan, answer.handle, context()) : answer;
    if (ended.status !== "confirmed") throw new Error(`it is ${ended.status}`);
    return ended.erp.id;
  }

  /** Plans and submits; the answer must be a handle. */
  async begin(plan: PlannedPosting, attempt = 1): Promise<string> {
    const answer = await this.sink.submit(plan, context(attempt));
    if (answer.status !== "accepted") throw new Error("it was not accepted");
    return answer.handle;
  }

  /** What the ERP has is what was planned, by both ways of reading it. */
  async expectAsPlanned(plan: PlannedPosting): Promise<void> {
    const found = await this.sink.lookUp(plan, context());
    if (found.length !== 1) throw new Error(`${found.length} documents were found`);
    expectEqual(plan, found[0]);
    expectEqual(plan, (await this.sink.readBack([plan], context()))[0]);
  }

  /** How often a table of the log has writes to it. */
  writes(path: string): number {
    const { requests } = this.simulator.ledger();
    return requests.filter(({ method, path: asked }) => method !== "GET" && asked.includes(path)).length;
  }
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
