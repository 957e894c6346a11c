import type { PostedInvoice, PostingCommand } from "../../../../src/model/posting.ts";
import type { ErpSinkEnvironment, PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { BillingSettings } from "../../../../src/sinks/erp/sap-s4hana/billing-requests/billing-request.ts";
import type { SapOptions } from "../../../../src/sinks/erp/sap-s4hana/configuration.ts";
import { SapSink } from "../../../../src/sinks/erp/sap-s4hana/sink.ts";
import type { StoredDocument } from "../../../simulators/sap-s4hana/documents.ts";
import { SapSimulator, type SapSimulatorOptions } from "../../../simulators/sap-s4hana/simulator.ts";
import { Bookkeeping as SimulatedBookkeeping } from "../../../support/erp/bookkeeping.ts";
import { context } from "../../../support/erp/sink-requests.ts";
import { BILLING, line, memo as memoOfAll, SETTINGS } from "../../../unit/erp/sap-s4hana/sap-fixture.ts";

/** A simulated system and a sink that posts to it. */

const BASIC = { username: "UMR_USER", password: "pass: word/+%" };
const OAUTH = { clientId: "sb-client!b1", clientSecret: "client secret&%+" };

export class Bookkeeping extends SimulatedBookkeeping<
  SapSimulator,
  SapSimulatorOptions,
  SapSink,
  SapOptions
> {
  static start(): Promise<Bookkeeping> {
    return new Bookkeeping().restart();
  }

  protected startSimulator(options: Partial<SapSimulatorOptions>): Promise<SapSimulator> {
    return SapSimulator.start({ users: { basic: BASIC, oauth: OAUTH }, ...options });
  }

  protected newSink(changes: Partial<SapOptions>, environment: ErpSinkEnvironment): SapSink {
    return new SapSink(
      {
        url: this.simulator.url,
        authentication: { kind: "basic", ...BASIC },
        deadlineMs: 10_000,
        settleDelayMs: 50,
        batchEntries: 10,
        documents: SETTINGS,
        ...changes,
      },
      environment,
    );
  }

  /** As `open`, with access tokens. */
  openWithTokens(): void {
    this.open({ authentication: { kind: "oauth", ...OAUTH } });
  }

  /** As `open`, and SAP bills the invoices. */
  openBilling(changes: Partial<BillingSettings> = {}): void {
    this.open({ documents: { ...SETTINGS, billing: { ...BILLING, ...changes } } });
  }

  /** SAP's job comes soon. */
  protected override async polled(plan: PlannedPosting, handle: string): Promise<string> {
    const answer = await this.sink.poll(plan, handle, context());
    if (answer.status !== "confirmed") throw new Error(`${plan.externalId} is ${answer.status}`);
    return answer.erp.id;
  }

  /** As `close`. Throws where there was a request that a right sender doesn't make. */
  async closeRight(): Promise<void> {
    const { wrongRequests } = this.simulator.ledger();
    await this.close();
    if (wrongRequests.length > 0) throw new Error(`wrong requests: ${wrongRequests.join("; ")}`);
  }

  /** The one document that SAP has of a plan. */
  document({ externalId }: PlannedPosting): StoredDocument {
    const [document, ...others] = this.simulator.find(externalId);
    if (document === undefined || others.length > 0) throw new Error("there is not one document");
    return document;
  }
}

const tax = { ...line().taxes[0]! };

/** A memo that gives back 20 of invoice N-1. */
export function memo(changes: Partial<PostedInvoice> = {}): PostingCommand {
  const lines = [line({ net: "20", tax: "1.2", taxes: [{ ...tax, basis: "20", amount: "1.2" }] })];
  return memoOfAll({ lines, net: "20", tax: "1.2", total: "21.2", ...changes });
}
