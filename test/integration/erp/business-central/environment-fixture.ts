import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { systemClock } from "../../../../src/model/clock.ts";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import type { BusinessCentralOptions } from "../../../../src/sinks/erp/business-central/configuration.ts";
import { BusinessCentralSink } from "../../../../src/sinks/erp/business-central/sink.ts";
import { ErpFault, type FoundDocument, type PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import { compareDocuments } from "../../../../src/sinks/posting/compare-documents.ts";
import {
  BusinessCentralSimulator,
  type BusinessCentralSimulatorOptions,
  SCOPE,
} from "../../../simulators/business-central/simulator.ts";
import { PREFIX, SETTINGS } from "../../../unit/erp/business-central/business-central-fixture.ts";

/** A simulated environment and a sink that posts to it. */

export const CLIENT = {
  id: "c5f1a0de-0000-4000-8000-00000000c11e",
  secret: `${randomBytes(12).toString("base64url")}~ +&%`,
};

export function context(attempt = 1): { readonly signal: AbortSignal; readonly attempt: number } {
  return { signal: new AbortController().signal, attempt };
}

export class Bookkeeping {
  simulator: BusinessCentralSimulator;
  /** The one that was opened last. */
  sink!: BusinessCentralSink;
  /** Its requests. */
  seen: { readonly operation: string; readonly outcome: string }[] = [];
  readonly #sinks: BusinessCentralSink[] = [];

  private constructor(simulator: BusinessCentralSimulator) {
    this.simulator = simulator;
    this.open();
  }

  static async start(options: Partial<BusinessCentralSimulatorOptions> = {}): Promise<Bookkeeping> {
    return new Bookkeeping(await BusinessCentralSimulator.start({ client: CLIENT, ...options }));
  }

  /** Another environment instead. */
  async restart(options: Partial<BusinessCentralSimulatorOptions> = {}): Promise<void> {
    await this.simulator.close();
    this.simulator = await BusinessCentralSimulator.start({ client: CLIENT, ...options });
    this.open();
  }

  /** Another sink, with other options. */
  open(changes: Partial<BusinessCentralOptions> = {}): void {
    const seen: { readonly operation: string; readonly outcome: string }[] = [];
    this.seen = seen;
    const { base, url, environment } = this.simulator;
    this.sink = new BusinessCentralSink(
      {
        base,
        tokenUrl: `${url}/${environment.tenant}/oauth2/v2.0/token`,
        scope: SCOPE,
        clientId: CLIENT.id,
        clientSecret: CLIENT.secret,
        deadlineMs: 10_000,
        settleDelayMs: 50,
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
    const { wrongRequests } = this.simulator.ledger();
    await this.simulator.close();
    if (wrongRequests.length > 0) throw new Error(`wrong requests: ${wrongRequests.join("; ")}`);
  }

  /** Plans and submits; the answer must be the document. */
  async post(posted: PostingCommand): Promise<{ readonly plan: PlannedPosting; readonly id: string }> {
    const plan = this.sink.plan(posted);
    const answer = await this.sink.submit(plan, context());
    if (answer.status !== "confirmed") throw new Error("it was only accepted");
    return { plan, id: answer.erp.id };
  }

  /** What Business Central has is what was planned, by both ways of reading it. */
  async expectAsPlanned(plan: PlannedPosting): Promise<void> {
    expectEqual(plan, await this.sink.lookUp(plan, context()));
    expectEqual(plan, await this.sink.readBack([plan], context()));
  }

  /** How many records there are, of each set that has some. */
  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { set } of this.simulator.ledger().records) counts[set] = (counts[set] ?? 0) + 1;
    return counts;
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

/** One document, equal to the plan. */
export function expectEqual(plan: PlannedPosting, found: readonly FoundDocument[]): void {
  const [first] = found;
  expect(found).toHaveLength(1);
  expect(first?.externalId).toBe(plan.externalId);
  if (first !== undefined) expect(compareDocuments(plan.expected, first.document)).toEqual([]);
}
