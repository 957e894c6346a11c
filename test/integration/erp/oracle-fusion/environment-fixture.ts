import { expect } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import type { ErpSinkEnvironment, PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { OracleFusionOptions } from "../../../../src/sinks/erp/oracle-fusion/configuration.ts";
import { OracleFusionSink } from "../../../../src/sinks/erp/oracle-fusion/sink.ts";
import {
  OracleFusionSimulator,
  type OracleFusionSimulatorOptions,
} from "../../../simulators/oracle-fusion/simulator.ts";
import { Bookkeeping } from "../../../support/erp/bookkeeping.ts";
import { context } from "../../../support/erp/sink-requests.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { SETTINGS } from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";

/** A simulated environment and a sink that posts to it. */

export const BASIC = { username: "tributary", password: "correct: horse" };
export const OAUTH = {
  clientId: "client-1",
  clientSecret: "s3cret&%+",
  scope: "urn:opc:resource:consumer::all",
};

export class Environment extends Bookkeeping<
  OracleFusionSimulator,
  OracleFusionSimulatorOptions,
  OracleFusionSink,
  OracleFusionOptions
> {
  static start(options: OracleFusionSimulatorOptions = {}): Promise<Environment> {
    return new Environment().restart(options);
  }

  protected startSimulator(options: OracleFusionSimulatorOptions): Promise<OracleFusionSimulator> {
    return OracleFusionSimulator.start({ credentials: { basic: BASIC, oauth: OAUTH }, ...options });
  }

  protected newSink(
    changes: Partial<OracleFusionOptions>,
    environment: ErpSinkEnvironment,
  ): OracleFusionSink {
    return new OracleFusionSink(
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
          invoiceImportAccount: "fin$/receivables$/import$",
        },
        ...changes,
      },
      environment,
    );
  }

  /** Plans and submits a journal; the answer must be a handle. */
  async beginJournal(
    posted: PostingCommand,
  ): Promise<{ readonly plan: PlannedPosting; readonly handle: string }> {
    const plan = this.sink.plan(posted);
    return { plan, handle: await this.begin(plan) };
  }

  /** Id of what an import has brought. */
  override async polled(plan: PlannedPosting, handle: string): Promise<string> {
    let id = "";
    await waitUntil("the import has ended", async () => {
      const answer = await this.sink.poll(plan, handle, context());
      if (answer.status === "confirmed") ({ id } = answer.erp);
      return answer.status === "confirmed";
    });
    return id;
  }
}

/** What a right sender never sends was not sent. */
export function expectNoWrongRequests({ simulator }: Environment): void {
  expect(simulator.ledger().wrongRequests).toEqual([]);
}
