import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import { TributaryError } from "../../../src/model/errors.ts";
import { createLogger, RepeatedFaultLog, type LoggerOptions } from "../../../src/ops/logging.ts";
import { redact, REDACTED } from "../../../src/ops/redaction.ts";

function logTo(lines: string[], more: Partial<LoggerOptions> = {}) {
  return createLogger({
    level: "info",
    format: "json",
    worker: "w-1",
    output: { write: (line: string) => lines.push(line) },
    ...more,
  });
}

describe("the logger", () => {
  it("writes one JSON object a line, with fixed names", () => {
    const lines: string[] = [];
    const logger = logTo(lines);
    logger.debug("too detailed");
    logger.child({ partition: 3 }).error({ code: "stream-gap" }, "The partition has stopped.");
    expect(lines).toHaveLength(1);
    const fields: unknown = JSON.parse(lines[0] ?? "");
    expect(fields).toEqual({
      level: "error",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      worker: "w-1",
      partition: 3,
      code: "stream-gap",
      msg: "The partition has stopped.",
    });
  });

  it("keeps secrets out of fields, children, errors and messages", () => {
    const lines: string[] = [];
    const logger = logTo(lines);
    const secret = "hunter2";
    logger.info({ password: secret, nats: { token: secret, deep: [{ apiKey: secret }] } }, "x");
    logger.child({ authorization: `Bearer ${secret}` }).info("x");
    logger.info(`connected to nats://user:${secret}@host:4222`);
    logger.error(
      { err: new TributaryError("broker-unreachable", `tls://u:${secret}@h`, { details: { secret } }) },
      "x",
    );
    logger.error(new Error(`see http://u:${secret}@h/`));
    expect(lines).toHaveLength(5);
    expect(lines.join("")).not.toContain(secret);
    expect(lines.join("")).toContain("nats://[redacted]@host:4222");
    expect(lines[3]).toContain('"err":{"type":"TributaryError","code":"broker-unreachable"');
  });

  it("writes text for people on one line", () => {
    const lines: string[] = [];
    logTo(lines, { format: "text" }).warn({ partition: 3, code: "sink-failed", list: [1] }, "Two\nlines");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\d{4}-\S+Z WARN {2}Two lines worker=w-1 partition=3 code=sink-failed list=\[1\]\n$/,
    );
  });
});

describe("redaction", () => {
  it("cuts off what does not belong in a line", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    expect(JSON.stringify(redact(circular))).toContain("[deep]");
    expect(redact(new Uint8Array(5))).toBe("[5 bytes]");
    expect(redact({ n: 5n, at: new Date(0) })).toEqual({ n: "5", at: "1970-01-01T00:00:00.000Z" });
    expect(redact({ hashKey: "00", keys: 5 })).toEqual({ hashKey: REDACTED, keys: 5 });
    expect(redact({ value: [{ clientState: "x" }] })).toEqual({ value: [{ clientState: REDACTED }] });
  });

  it("keeps the code, cause and details of a fault", () => {
    const fault = new TributaryError("stream-gap", "gone", {
      details: { first: 5, password: "x" },
      cause: new Error("below"),
    });
    expect(redact(fault)).toMatchObject({
      type: "TributaryError",
      code: "stream-gap",
      details: { first: 5, password: REDACTED },
      cause: { message: "below" },
    });
  });
});

describe("repeated faults", () => {
  it("are written once an interval and key, with the number of those between", () => {
    const lines: string[] = [];
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const repeated = new RepeatedFaultLog({ logger: logTo(lines), clock, intervalMs: 1_000 });
    for (nowMs = 0; nowMs <= 1_000; nowMs += 100)
      repeated.write("warn", "rated", { sink: "rated" }, "failed");
    nowMs = 1_000;
    repeated.write("warn", "file", { sink: "file" }, "failed");
    const found = lines.map((line): unknown => JSON.parse(line));
    expect(found).toMatchObject([
      { sink: "rated", msg: "failed" },
      { sink: "rated", suppressed: 9 },
      { sink: "file" },
    ]);
    expect(found[0]).not.toHaveProperty("suppressed");
  });

  it("forget the oldest keys, so that odd keys can't grow the memory", () => {
    const lines: string[] = [];
    const clock = { ...systemClock, monotonicMs: () => 0 };
    const repeated = new RepeatedFaultLog({ logger: logTo(lines), clock, intervalMs: 1_000 });
    for (let i = 0; i <= 1_000; i++) repeated.write("warn", `key-${i}`, {}, "failed");
    repeated.write("warn", "key-1000", {}, "failed");
    expect(lines).toHaveLength(1_001);
    repeated.write("warn", "key-0", {}, "failed");
    expect(lines).toHaveLength(1_002);
  });
});
