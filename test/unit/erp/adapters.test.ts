import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ERP_ADAPTERS, erpAdapter } from "../../../src/sinks/erp/adapters.ts";
import { ERP_DESCRIPTIONS } from "../../../src/sinks/erp/descriptions.ts";
import type { PreparedConnection } from "../../../src/sinks/erp/erp-adapter.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const KEY = `SHA256:${randomBytes(32).toString("base64").slice(0, 43)}`;

function prepared(settings: Record<string, unknown>): {
  readonly make: PreparedConnection | undefined;
  readonly faults: string[];
} {
  const faults: string[] = [];
  const make = erpAdapter(String(settings["adapter"]))?.prepare(
    settings,
    (setting, value, file) => {
      if (file === "missing") faults.push(`${setting}_file: can't be read`);
      return file === "missing" ? undefined : (value ?? file);
    },
    (setting, message) => faults.push(`${setting}: ${message}`),
  );
  return { make, faults };
}

test("every adapter is found by its name, which its settings repeat", () => {
  expect(ERP_ADAPTERS.length).toBeGreaterThan(1);
  for (const adapter of ERP_ADAPTERS) {
    const { adapter: name } = adapter.description;
    expect(erpAdapter(name)).toBe(adapter);
    expect(adapter.settings.shape["adapter"]?.safeParse(name).success).toBe(true);
    expect(adapter.settings.shape["adapter"]?.safeParse("another").success).toBe(false);
  }
});

test("the list of descriptions is that of the adapters", () => {
  expect(ERP_DESCRIPTIONS).toEqual(ERP_ADAPTERS.map(({ description }) => description));
});

describe("settings", () => {
  const sftp = { host: "erp.example", user: "tributary", host_key_sha256: KEY };

  test.each([
    [{ adapter: "file", format: "csv", path: "/drop" }],
    [{ adapter: "file", format: "fixed-width", path: "/drop", layout: [{ column: "net", width: 12 }] }],
    [{ adapter: "file", format: "csv", path: "/drop", sftp: { ...sftp, password: "p" } }],
    [{ adapter: "file", format: "csv", path: "/drop", sftp: { ...sftp, private_key_file: "key" } }],
    [{ adapter: "http", url: "https://erp.example/hook", secret: SECRET, former_secret_file: SECRET }],
    [{ adapter: "http", url: "http://127.0.0.1:8080/hook", secret_file: SECRET }],
  ])("that fit make a sink: %j", async (settings) => {
    const { make, faults } = prepared(settings);
    expect(faults).toEqual([]);
    const makeSink = await make?.();
    const sink = makeSink?.({
      prefix: "x-",
      clock: new ManualClock(),
      random: () => 0,
      onRequest: () => undefined,
    });
    expect(sink?.description.adapter).toBe(settings.adapter);
    await sink?.close();
  });

  test.each([
    [{ adapter: "file", format: "idoc", path: "/drop" }, "partners: is required by format idoc"],
    [
      { adapter: "file", format: "csv", path: "/drop", sftp },
      "sftp.password: either a password or private_key_file is required",
    ],
    [
      { adapter: "file", format: "csv", path: "/drop", sftp: { ...sftp, password_file: "missing" } },
      "sftp.password_file: can't be read",
    ],
    [{ adapter: "http", url: "https://erp.example/hook" }, "secret: secret or secret_file is required"],
    [
      { adapter: "http", url: "https://erp.example/hook", secret: "not-base64" },
      'secret: must be "whsec_" and base64 of 24 to 64 bytes',
    ],
  ])("that lack something are named: %j", (settings, fault) => {
    expect(prepared(settings)).toEqual({ make: undefined, faults: [fault] });
  });

  test.each([
    [{ adapter: "http", url: "http://erp.example/hook", secret: SECRET }],
    [{ adapter: "http", url: "https://user:pass@erp.example/hook", secret: SECRET }],
    [{ adapter: "http", url: "https://erp.example/hook", secret: SECRET, retries: 3 }],
    [{ adapter: "file", format: "csv", path: "/drop", sftp: { ...sftp, host_key_sha256: "any" } }],
    [{ adapter: "file", format: "csv", path: "/drop", acknowledgement_deadline: "0s" }],
  ])("that are wrong are refused: %j", (settings) => {
    expect(() => prepared(settings)).toThrow(/./);
  });
});
