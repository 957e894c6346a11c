import { expect } from "vitest";
import { systemClock } from "../../../../src/model/clock.ts";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault, type FoundDocument, type PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { OracleFusionOptions } from "../../../../src/sinks/erp/oracle-fusion/configuration.ts";
import { OracleFusionSink } from "../../../../src/sinks/erp/oracle-fusion/sink.ts";
import {
  OracleFusionSimulator,
  type OracleFusionSimulatorOptions,
} from "../../../simulators/oracle-fusion/simulator.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { PREFIX, SETTINGS } from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";

/** A simulated environment and a sink that posts to it. */

export const BASIC = { username: "tributary", password: "correct: horse" };
export const OAUTH = {
  clientId: "client-1",
  clientSecret: "s3cret&%+",
  scope: "urn:opc:resource:consumer::all",
};

export function context(attempt = 1): { readonly signal: AbortSignal; readonly attempt: number } {
  return { signal: new AbortController().signal, attempt };
}

export class Environment {
  simulator: OracleFusionSimulator;
  /** The one that was opened last. */
  sink!: OracleFusionSink;
  /** Its requests. */
  seen: { readonly operation: string; readonly outcome: string }[] = [];
  readonly #sinks: OracleFusionSink[] = [];

  private constructor(simulator: OracleFusionSimulator) {
    this.simulator = simulator;
    this.open();
  }

  static async start(options: OracleFusionSimulatorOptions = {}): Promise<Environment> {
    return new Environment(
      await OracleFusionSimulator.start({ credentials: { basic: BASIC, oauth: OAUTH }, ...options }),
    );
  }

  /** Another environment instead. */
  async restart(options: OracleFusionSimulatorOptions): Promise<void> {
    await this.simulator.close();
    this.simulator = await OracleFusionSimulator.start(options);
    this.open();
  }

  /** Another sink, with other options. */
  open(changes: Partial<OracleFusionOptions> = {}, prefix = PREFIX): void {
    const seen: { readonly operation: string; readonly outcome: string }[] = [];
    this.seen = seen;
    this.sink = new OracleFusionSink(
      {
        url: this.simulator.url,
        authentication: { kind: "basic", ...BASIC },
        deadlineMs: 10_000,
        settleDelayMs: 50,
        documents: SETTINGS,
        setup: {
          sourceSystem: "TRIBUTARY",
          profileClass: "DEFAULT",
          importAccount: "fin$/generalLedger$/import$",
        },
        ...changes,
      },
      {
        prefix,
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

  /** Plans, submits and polls to the end. */
  async post(
    posted: PostingCommand,
    attempt = 1,
  ): Promise<{ readonly plan: PlannedPosting; readonly id: string }> {
    const plan = this.sink.plan(posted);
    const answer = await this.sink.submit(plan, context(attempt));
    return {
      plan,
      id: answer.status === "confirmed" ? answer.erp.id : await this.polled(plan, answer.handle),
    };
  }

  /** Plans and submits a journal; the answer must be a handle. */
  async begin(posted: PostingCommand): Promise<{ readonly plan: PlannedPosting; readonly handle: string }> {
    const plan = this.sink.plan(posted);
    const answer = await this.sink.submit(plan, context());
    if (answer.status !== "accepted") throw new Error("it was not accepted");
    return { plan, handle: answer.handle };
  }

  /** Id of what an import has brought. */
  async polled(plan: PlannedPosting, handle: string): Promise<string> {
    let id = "";
    await waitUntil("the import has ended", async () => {
      const answer = await this.sink.poll(plan, handle, context());
      if (answer.status === "confirmed") ({ id } = answer.erp);
      return answer.status === "confirmed";
    });
    return id;
  }

  /** What Oracle has is what was planned, by both ways of reading it. */
  async expectAsPlanned(plan: PlannedPosting): Promise<void> {
    expectOne(plan, await this.sink.lookUp(plan, context()));
    expectOne(plan, await this.sink.readBack([plan], context()));
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

/** What a right sender never sends was not sent. */
export function expectNoWrongRequests({ simulator }: Environment): void {
  expect(simulator.ledger().wrongRequests).toEqual([]);
}

function expectOne(plan: PlannedPosting, found: readonly FoundDocument[]): void {
  expect(found).toHaveLength(1);
  expectEqual(plan, found[0]);
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
