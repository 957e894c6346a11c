import { expect, test } from "vitest";
import type { z } from "zod";
import type { DeadLetter, RatedAggregate } from "../../../src/model/outputs.ts";
import type { PostingCommand, PostingRecord } from "../../../src/model/posting.ts";
import { ERP_ADAPTERS } from "../../../src/sinks/erp/adapters.ts";
import { schemaOf } from "../../../src/cli/commands/schema.ts";
import { usageEventSchema } from "../../../src/cli/schemas/event-schema.ts";
import { deadLetterSchema, ratedAggregateSchema } from "../../../src/cli/schemas/output-schemas.ts";
import { postingCommandSchema, postingRecordSchema } from "../../../src/cli/schemas/posting-schemas.ts";
import { customerCommand, invoiceCommand, journalCommand } from "../../support/posting/commands.ts";
import { queueCommands } from "../../support/posting/memory-logs.ts";
import { PostingWorld } from "../../support/posting/posting-world.ts";
import { recordsOf, until } from "../posting/runner-fixture.ts";
import { BASE_MS, HOUR_MS, runLogs, testCatalog, type LogStep } from "../../support/engine-fixture.ts";

type Same<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? [keyof A] extends [keyof B]
      ? [keyof B] extends [keyof A]
        ? true
        : false
      : false
    : false
  : false;
// The compiler holds the schemas to the types.
const ratedAgrees: Same<z.output<typeof ratedAggregateSchema>, RatedAggregate> = true;
const deadLetterAgrees: Same<z.output<typeof deadLetterSchema>, DeadLetter> = true;

const commandAgrees: Same<z.output<typeof postingCommandSchema>, PostingCommand> = true;
const recordAgrees: Same<z.output<typeof postingRecordSchema>, PostingRecord> = true;

const encoder = new TextEncoder();

function event(sequence: number, hour: number, text?: string): LogStep {
  const time = new Date(BASE_MS + hour * HOUR_MS).toISOString();
  const body =
    text ??
    `{"specversion":"1.0","id":"${sequence}","source":"test","type":"usage","subject":"a","time":"${time}","data":{"sum":"x","amount":1.5,"status":"ok","user":"x"}}`;
  return {
    kind: "message",
    message: {
      sequence,
      subject: "usage.0.eu",
      contentType: "application/cloudevents+json",
      arrivalMs: BASE_MS + hour * HOUR_MS,
      data: encoder.encode(body),
    },
  };
}

test("the outputs of a run fulfil their schemas", async () => {
  expect([ratedAgrees, deadLetterAgrees]).toEqual([true, true]);
  const catalog = testCatalog(["a"]);
  const { store } = await runLogs(
    [
      {
        kind: "control",
        record: { kind: "catalog", version: catalog.version, appliesAfter: 0, decidedAt: "" },
        catalog,
      },
      event(1, 0),
      event(2, 3),
      event(3, 4, "{not json"),
      event(4, 5, '{"specversion":"1.0","id":"4","source":"test"}'),
      { kind: "control", record: { kind: "idle", region: "us", appliesAfter: 4, decidedAt: "" } },
      event(5, 60),
      event(6, 24 * 50),
      event(7, 24 * 60),
    ],
    catalog,
    { cut: () => false, commit: () => false, restart: () => false },
  );
  const rated = store.outboxAfter("rated", 0, 1_000).map(({ body }): unknown => JSON.parse(body));
  expect(rated.map((body) => ratedAggregateSchema.parse(body))).toEqual(rated);
  expect(new Set(rated.map((body) => ratedAggregateSchema.parse(body).kind))).toContain("period");
  const letters = store.outboxAfter("dead-letter", 0, 1_000).map(({ body }): unknown => JSON.parse(body));
  expect(letters.map((body) => deadLetterSchema.parse(body))).toEqual(letters);
  expect(letters).toHaveLength(2);
});

test("commands and a runner's records fulfil their schemas", async () => {
  expect([commandAgrees, recordAgrees]).toEqual([true, true]);
  const commands = [customerCommand("c1"), invoiceCommand("1"), journalCommand("a"), journalCommand("b")];
  expect(commands.map((command) => postingCommandSchema.parse(command))).toEqual(commands);
  expect(postingCommandSchema.safeParse({ ...commands[1], amount: 1 }).success).toBe(false);
  const world = new PostingWorld({ erp: { maxBatch: 10 } });
  queueCommands(world.commands, commands);
  world.erp.enter(journalCommand("stranger"));
  const store = world.store();
  world.runner(store).start();
  await until(world, store, "invoice:1", "reconciled");
  await world.clock.runUntil(() => false, world.clock.nowMs() + 25 * HOUR_MS);
  const records = recordsOf(world);
  expect(records.map((record) => postingRecordSchema.parse(record))).toEqual(records);
  expect(new Set(records.map(({ kind }) => kind))).toEqual(
    new Set(["acquired", "transition", "payment", "stray"]),
  );
  expect(records.some((record) => record.kind === "transition" && record.sharesRequest === true)).toBe(true);
  store.close();
});

test("the schema of ERP connections has each adapter's settings, and marks its secrets", () => {
  const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null;
  const secrets: string[] = [];
  const collect = (value: unknown, name: string): void => {
    if (!isObject(value)) return;
    if (value["writeOnly"] === true) secrets.push(name);
    for (const [key, below] of Object.entries(value)) collect(below, key);
  };
  const schema = schemaOf("erp-connections");
  collect(schema, "");
  expect(secrets).toEqual(
    expect.arrayContaining(["secret", "bearer_token", "token_secret", "password", "passphrase"]),
  );
  expect(schema).toMatchObject({
    additionalProperties: {
      oneOf: ERP_ADAPTERS.map(({ description }) => ({
        title: description.title,
        additionalProperties: false,
        properties: {
          adapter: { const: description.adapter },
          posting: { properties: { max_concurrent: { type: "integer", default: 3 } } },
        },
      })),
    },
  });
});

test("the event schema takes a sound event, and none that the decoder rejects for its attributes", () => {
  const sound = {
    specversion: "1.0",
    id: "1",
    source: "gateway",
    type: "request",
    subject: "acme",
    time: "2026-11-19T12:00:00.000+01:00",
    region: "extension",
    data: { n: 1 },
  };
  expect(usageEventSchema.safeParse(sound).success).toBe(true);
  const { time: _time, ...timeless } = sound;
  for (const faulty of [
    timeless,
    { ...sound, specversion: "0.3" },
    { ...sound, id: "" },
    { ...sound, subject: 7 },
    { ...sound, time: "yesterday" },
    { ...sound, data: [1] },
    { ...sound, data_base64: "AA==" },
    { ...sound, datacontenttype: "text/xml" },
  ]) {
    expect(usageEventSchema.safeParse(faulty).success).toBe(false);
  }
});

test("every schema is a JSON Schema with what it is about", () => {
  expect(schemaOf("event")).toMatchObject({
    type: "object",
    required: ["specversion", "id", "source", "type", "subject", "time"],
    properties: { data_base64: { not: {} } },
  });
  expect(schemaOf("rated")).toMatchObject({ title: "Rated aggregate", additionalProperties: false });
  expect(schemaOf("dead-letter")).toMatchObject({ properties: { payloadOmittedBytes: { type: "integer" } } });
  expect(schemaOf("config")).toMatchObject({ required: ["state_dir", "catalog_dir"] });
  expect(Object.keys(schemaOf("catalog"))).toEqual([
    "settings",
    "meter",
    "product",
    "plan",
    "contract",
    "customer",
    "legal_entity",
    "tax_rate",
    "exchange_rate",
    "erp_connection",
    "mapping",
  ]);
});
