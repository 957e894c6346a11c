import { expect } from "vitest";
import { systemClock } from "../../../../src/model/clock.ts";
import type { PostedInvoice, PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault, type FoundDocument, type PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { SapOptions } from "../../../../src/sinks/erp/sap-s4hana/configuration.ts";
import { SapSink } from "../../../../src/sinks/erp/sap-s4hana/sink.ts";
import { compareDocuments } from "../../../../src/sinks/posting/compare-documents.ts";
import type { StoredDocument } from "../../../simulators/sap-s4hana/documents.ts";
import { SapSimulator, type SapSimulatorOptions } from "../../../simulators/sap-s4hana/simulator.ts";
import { line, memo as memoOfAll, PREFIX, SETTINGS } from "../../../unit/erp/sap-s4hana/sap-fixture.ts";

/** A simulated system and a sink that posts to it. */

const BASIC = { username: "UMR_USER", password: "pass: word/+%" };
const OAUTH = { clientId: "sb-client!b1", clientSecret: "client secret&%+" };

export function context(attempt = 1): { readonly signal: AbortSignal; readonly attempt: number } {
  return { signal: new AbortController().signal, attempt };
}

export class Bookkeeping {
  simulator: SapSimulator;
  /** The one that was opened last. */
  sink!: SapSink;
  /** Its requests. */
  seen: { readonly operation: string; readonly outcome: string }[] = [];
  readonly #sinks: SapSink[] = [];

  private constructor(simulator: SapSimulator) {
    this.simulator = simulator;
    this.open();
  }

  static async start(): Promise<Bookkeeping> {
    return new Bookkeeping(await SapSimulator.start({ users: { basic: BASIC, oauth: OAUTH } }));
  }

  /** Another system instead. */
  async restart(options: SapSimulatorOptions = {}): Promise<void> {
    await this.simulator.close();
    this.simulator = await SapSimulator.start({ users: { basic: BASIC, oauth: OAUTH }, ...options });
    this.open();
  }

  /** Another sink, with other options. */
  open(changes: Partial<SapOptions> = {}): void {
    const seen: { readonly operation: string; readonly outcome: string }[] = [];
    this.seen = seen;
    this.sink = new SapSink(
      {
        url: this.simulator.url,
        authentication: { kind: "basic", ...BASIC },
        deadlineMs: 10_000,
        settleDelayMs: 50,
        batchEntries: 10,
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

  /** As `open`, with access tokens. */
  openWithTokens(): void {
    this.open({ authentication: { kind: "oauth", ...OAUTH } });
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((each) => each.close()));
    await this.simulator.close();
  }

  /** As `close`. Throws where there was a request that a right sender doesn't make. */
  async closeRight(): Promise<void> {
    const { wrongRequests } = this.simulator.ledger();
    await this.close();
    if (wrongRequests.length > 0) throw new Error(`wrong requests: ${wrongRequests.join("; ")}`);
  }

  /** Plans and submits; the answer must be the document. */
  async post(posted: PostingCommand): Promise<{ readonly plan: PlannedPosting; readonly id: string }> {
    const plan = this.sink.plan(posted);
    const answer = await this.sink.submit(plan, context());
    if (answer.status !== "confirmed") throw new Error("it was only accepted");
    return { plan, id: answer.erp.id };
  }

  /** What SAP has is what was planned, by both ways of reading it. */
  async expectAsPlanned(plan: PlannedPosting): Promise<void> {
    expectEqual(plan, await this.sink.lookUp(plan, context()));
    expectEqual(plan, await this.sink.readBack([plan], context()));
  }

  /** The one document that SAP has of a plan. */
  document({ externalId }: PlannedPosting): StoredDocument {
    const [document, ...others] = this.simulator.find(externalId);
    if (document === undefined || others.length > 0) throw new Error("there is not one document");
    return document;
  }
}

/** Origin at which nobody listens. */
export async function unusedAddress(): Promise<string> {
  const simulator = await SapSimulator.start();
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

/** There is one document, and it is the planned one as the runner compares them. */
export function expectEqual(plan: PlannedPosting, found: readonly FoundDocument[]): void {
  expect(found.map(({ externalId }) => externalId)).toEqual([plan.externalId]);
  for (const { document } of found) expect(compareDocuments(plan.expected, document)).toEqual([]);
}

const tax = { ...line().taxes[0]! };

/** A memo that gives back 20 of invoice N-1. */
export function memo(changes: Partial<PostedInvoice> = {}): PostingCommand {
  const lines = [line({ net: "20", tax: "1.2", taxes: [{ ...tax, basis: "20", amount: "1.2" }] })];
  return memoOfAll({ lines, net: "20", tax: "1.2", total: "21.2", ...changes });
}
