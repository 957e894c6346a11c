import { generateKeyPairSync } from "node:crypto";
import type { ErpSinkEnvironment } from "../../../../src/sinks/erp/erp-sink.ts";
import type {
  NetsuiteCredentials,
  NetsuiteOptions,
} from "../../../../src/sinks/erp/netsuite/configuration.ts";
import { NetsuiteSink } from "../../../../src/sinks/erp/netsuite/sink.ts";
import type { MachineCredentials } from "../../../simulators/netsuite/machine-authentication.ts";
import { NetSuiteSimulator, type NetSuiteSimulatorOptions } from "../../../simulators/netsuite/simulator.ts";
import { Bookkeeping as SimulatedBookkeeping } from "../../../support/erp/bookkeeping.ts";
import { SETTINGS } from "../../../unit/erp/netsuite/netsuite-fixture.ts";

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

export class Bookkeeping extends SimulatedBookkeeping<
  NetSuiteSimulator,
  NetSuiteSimulatorOptions,
  NetsuiteSink,
  NetsuiteOptions
> {
  static start(): Promise<Bookkeeping> {
    return new Bookkeeping().restart();
  }

  protected startSimulator(options: Partial<NetSuiteSimulatorOptions>): Promise<NetSuiteSimulator> {
    return NetSuiteSimulator.start({ token: TOKEN, ...options });
  }

  protected newSink(changes: Partial<NetsuiteOptions>, environment: ErpSinkEnvironment): NetsuiteSink {
    return new NetsuiteSink(
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
      environment,
    );
  }
}
