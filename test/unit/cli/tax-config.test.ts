import { expect, it } from "vitest";
import { stringify } from "yaml";
import { effectiveConfig } from "../../../src/cli/config/effective-config.ts";
import { loadWorkerConfig } from "../../../src/cli/config/worker-config.ts";

const KEY = "0123456789ABCDEF-secret";

function load(tax: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}) {
  return loadWorkerConfig({
    file: "tributary.yaml",
    env,
    defaultWorkerName: "w",
    readFile: (path) =>
      path === "key" ? `${KEY}\n` : stringify({ state_dir: "state", catalog_dir: "catalog", tax }),
  });
}

const avatax = { service: "avatax", account_id: "1100" };

function faultsOf(tax: Readonly<Record<string, unknown>>): string[] {
  const result = load(tax);
  return result.ok ? [] : result.faults.map(({ path, message }) => `${path}: ${message}`);
}

it("takes the license key from the file, the environment or a file of its own, and never prints it", () => {
  const ways = [
    load({ ...avatax, license_key: KEY }),
    load(avatax, { TRIBUTARY__TAX__LICENSE_KEY: KEY }),
    load({ ...avatax, license_key_file: "key" }),
  ];
  for (const result of ways) {
    if (!result.ok) throw new Error(JSON.stringify(result.faults));
    expect(result.config.tax).toEqual({
      service: "avatax",
      url: "https://rest.avatax.com",
      accountId: "1100",
      licenseKey: KEY,
      deadlineMs: 10_000,
      maxInFlight: 8,
      overdueAfterMs: 3_600_000,
      askAgainAfterMs: 3_600_000,
    });
    const printed = JSON.stringify(effectiveConfig(result.config));
    expect(printed).toContain('"license_key":"********"');
    expect(printed).not.toContain(KEY);
  }
});

it("wants one license key, and an address that keeps it secret", () => {
  expect(faultsOf(avatax)).toEqual(["tax.license_key: license_key or license_key_file is required"]);
  expect(faultsOf({ ...avatax, license_key: KEY, license_key_file: "key" })).toEqual([
    "tax.license_key_file: license_key is given as well: choose one",
  ]);
  const at = (url: string): string[] => faultsOf({ ...avatax, license_key: KEY, url });
  expect(at("http://rest.avatax.com")).toEqual([
    "tax.url: must begin with https://, since the license key goes there",
  ]);
  expect(at("http://127.0.0.1:8080")).toEqual([]);
  expect(at("https://user:password@host")).toEqual([
    'tax.url: must be an origin such as "https://rest.avatax.com", without a path',
  ]);
  expect(at("https://host/path")).toHaveLength(1);
});

it("has bounds of its limits, and no section where none is given", () => {
  const limits = { deadline: "10m", max_in_flight: 0, overdue_after: "8d", ask_again_after: "1ms" };
  const faults = faultsOf({ ...avatax, license_key: KEY, ...limits });
  expect(new Set(faults.map((fault) => fault.split(":")[0]))).toEqual(
    new Set(["tax.ask_again_after", "tax.deadline", "tax.max_in_flight", "tax.overdue_after"]),
  );
  const result = loadWorkerConfig({
    file: "f",
    env: {},
    readFile: () => "state_dir: state\ncatalog_dir: catalog\n",
  });
  expect(result.ok && result.config.tax).toBeUndefined();
});
