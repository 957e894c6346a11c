import { randomUUID } from "node:crypto";
import { systemClock } from "../../../../src/model/clock.ts";
import type { ErpSinkEnvironment, PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { FinanceOperationsOptions } from "../../../../src/sinks/erp/finance-operations/configuration.ts";
import { FinanceOperationsSink } from "../../../../src/sinks/erp/finance-operations/sink.ts";
import {
  FinanceOperationsSimulator,
  type FinanceOperationsSimulatorOptions,
} from "../../../simulators/finance-operations/simulator.ts";
import { Bookkeeping as SimulatedBookkeeping } from "../../../support/erp/bookkeeping.ts";
import { context } from "../../../support/erp/sink-requests.ts";
import { SETTINGS } from "../../../unit/erp/finance-operations/finance-operations-fixture.ts";

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

export class Bookkeeping extends SimulatedBookkeeping<
  FinanceOperationsSimulator,
  FinanceOperationsSimulatorOptions,
  FinanceOperationsSink,
  FinanceOperationsOptions
> {
  /** How far the sink's clock is ahead, milliseconds. */
  aheadMs = 0;

  static start(): Promise<Bookkeeping> {
    return new Bookkeeping().restart();
  }

  protected startSimulator(
    options: Partial<FinanceOperationsSimulatorOptions>,
  ): Promise<FinanceOperationsSimulator> {
    return FinanceOperationsSimulator.start({ client: CLIENT, ...options });
  }

  protected newSink(
    changes: Partial<FinanceOperationsOptions>,
    environment: ErpSinkEnvironment,
  ): FinanceOperationsSink {
    const { tenant, clientId, clientSecret } = CLIENT;
    return new FinanceOperationsSink(
      {
        url: this.simulator.url,
        authentication: { authority: this.simulator.url, tenant, clientId, clientSecret, resource: RESOURCE },
        deadlineMs: 10_000,
        settleDelayMs: 50,
        postingDeadlineMs: 60_000,
        documents: SETTINGS,
        ...changes,
      },
      { ...environment, clock: { ...systemClock, nowMs: () => systemClock.nowMs() + this.aheadMs } },
    );
  }

  override async close(): Promise<void> {
    await super.close();
    const failures = this.simulator.ledger().requests.filter(({ message }) => message?.includes(FAILURE));
    if (failures.length > 0) throw new Error(`the simulator failed: ${JSON.stringify(failures[0])}`);
  }

  /** It has been posted by the first time that it is asked. */
  protected override async polled(plan: PlannedPosting, handle: string): Promise<string> {
    const ended = await this.sink.poll(plan, handle, context());
    if (ended.status !== "confirmed") throw new Error(`it is ${ended.status}`);
    return ended.erp.id;
  }

  /** How often a table of the log has writes to it. */
  writes(path: string): number {
    const { requests } = this.simulator.ledger();
    return requests.filter(({ method, path: asked }) => method !== "GET" && asked.includes(path)).length;
  }
}
