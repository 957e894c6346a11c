import { randomBytes } from "node:crypto";
import type { BusinessCentralOptions } from "../../../../src/sinks/erp/business-central/configuration.ts";
import { BusinessCentralSink } from "../../../../src/sinks/erp/business-central/sink.ts";
import type { ErpSinkEnvironment } from "../../../../src/sinks/erp/erp-sink.ts";
import {
  BusinessCentralSimulator,
  type BusinessCentralSimulatorOptions,
  SCOPE,
} from "../../../simulators/business-central/simulator.ts";
import { Bookkeeping as SimulatedBookkeeping } from "../../../support/erp/bookkeeping.ts";
import { SETTINGS } from "../../../unit/erp/business-central/business-central-fixture.ts";

/** A simulated environment and a sink that posts to it. */

export const CLIENT = {
  id: "c5f1a0de-0000-4000-8000-00000000c11e",
  secret: `${randomBytes(12).toString("base64url")}~ +&%`,
};

export class Bookkeeping extends SimulatedBookkeeping<
  BusinessCentralSimulator,
  BusinessCentralSimulatorOptions,
  BusinessCentralSink,
  BusinessCentralOptions
> {
  static start(): Promise<Bookkeeping> {
    return new Bookkeeping().restart();
  }

  protected startSimulator(
    options: Partial<BusinessCentralSimulatorOptions>,
  ): Promise<BusinessCentralSimulator> {
    return BusinessCentralSimulator.start({ client: CLIENT, ...options });
  }

  protected newSink(
    changes: Partial<BusinessCentralOptions>,
    sinkEnvironment: ErpSinkEnvironment,
  ): BusinessCentralSink {
    const { base, url, environment } = this.simulator;
    return new BusinessCentralSink(
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
      sinkEnvironment,
    );
  }

  override async close(): Promise<void> {
    const { wrongRequests } = this.simulator.ledger();
    await super.close();
    if (wrongRequests.length > 0) throw new Error(`wrong requests: ${wrongRequests.join("; ")}`);
  }

  /** How many records there are, of each set that has some. */
  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { set } of this.simulator.ledger().records) counts[set] = (counts[set] ?? 0) + 1;
    return counts;
  }
}
