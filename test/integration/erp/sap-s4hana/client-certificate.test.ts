import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../../../src/model/clock.ts";
import type { SapCredentials } from "../../../../src/sinks/erp/sap-s4hana/authentication.ts";
import { SapSink } from "../../../../src/sinks/erp/sap-s4hana/sink.ts";
import { SapSimulator } from "../../../simulators/sap-s4hana/simulator.ts";
import { context, expectEqual, faultOf } from "../../../support/erp/sink-requests.ts";
import { command, customer, journal, PREFIX, SETTINGS } from "../../../unit/erp/sap-s4hana/sap-fixture.ts";

/** The client shows a certificate, which the system verifies, and verifies the system's. */

const folder = mkdtempSync(join(tmpdir(), "tributary-sap-tls-"));
const path = (name: string): string => join(folder, name);
const pem = (name: string): string => readFileSync(path(name), "utf8");
const openssl = (...parameters: readonly string[]): void => {
  execFileSync("openssl", parameters, { stdio: "ignore" });
};
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"] as const;

function makeAuthority(name: string): void {
  openssl(
    "req",
    "-x509",
    ...KEY,
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
    "-keyout",
    path(`${name}.key`),
    "-out",
    path(`${name}.pem`),
  );
}

function makeCertificate(name: string, authority: string): void {
  openssl(
    "req",
    "-x509",
    ...KEY,
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-CA",
    path(`${authority}.pem`),
    "-CAkey",
    path(`${authority}.key`),
    "-keyout",
    path(`${name}.key`),
    "-out",
    path(`${name}.pem`),
  );
}

let simulator: SapSimulator;
const sinks: SapSink[] = [];

function open(authentication: SapCredentials): SapSink {
  const sink = new SapSink(
    {
      url: simulator.url,
      authentication,
      deadlineMs: 10_000,
      settleDelayMs: 50,
      batchEntries: 1,
      documents: SETTINGS,
    },
    { prefix: PREFIX, clock: systemClock, random: Math.random, onRequest: () => {} },
  );
  sinks.push(sink);
  return sink;
}

beforeAll(async () => {
  for (const authority of ["authority", "stranger"]) makeAuthority(authority);
  makeCertificate("system", "authority");
  makeCertificate("UMR_CLIENT", "authority");
  makeCertificate("SOMEBODY", "authority");
  simulator = await SapSimulator.start({
    users: { certificate: { commonName: "UMR_CLIENT" } },
    tls: { key: pem("system.key"), cert: pem("system.pem"), ca: pem("authority.pem") },
  });
});
afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  await simulator.close();
  rmSync(folder, { recursive: true });
});

it("is known by its certificate, for documents and for customers", async () => {
  const sink = open({
    kind: "certificate",
    certificate: pem("UMR_CLIENT.pem"),
    privateKey: pem("UMR_CLIENT.key"),
    authority: pem("authority.pem"),
  });
  for (const posted of [command(customer()), command(journal())]) {
    const plan = sink.plan(posted);
    await sink.submit(plan, context());
    expectEqual(plan, await sink.lookUp(plan, context()));
  }
  expect(simulator.ledger().documents).toHaveLength(1);
});

it("is refused with another's", async () => {
  const sink = open({
    kind: "certificate",
    certificate: pem("SOMEBODY.pem"),
    privateKey: pem("SOMEBODY.key"),
    authority: pem("authority.pem"),
  });
  expect(await faultOf(sink.lookUp(sink.plan(command(journal())), context()))).toMatchObject({
    kind: "authentication",
  });
});

it("tells nothing to a system that it doesn't trust", async () => {
  const sink = open({
    kind: "certificate",
    certificate: pem("UMR_CLIENT.pem"),
    privateKey: pem("UMR_CLIENT.key"),
    authority: pem("stranger.pem"),
  });
  const before = simulator.ledger().requests.length;
  expect(await faultOf(sink.submit(sink.plan(command(journal())), context()))).toMatchObject({
    kind: expect.stringMatching(/^(transient|unknown)$/),
  });
  expect(simulator.ledger().requests).toHaveLength(before);
});
