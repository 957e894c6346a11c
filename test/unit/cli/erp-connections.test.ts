import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readProjectFile } from "../../support/project-files.ts";
import { loadErpConnections } from "../../../src/cli/config/erp-connections.ts";

const SECRET = `whsec_${randomBytes(32).toString("base64")}`;

function load(
  text: string,
  files: Readonly<Record<string, string>> = {},
): ReturnType<typeof loadErpConnections> {
  return loadErpConnections({
    file: "connections.yaml",
    env: { HOOK_SECRET: SECRET },
    readFile: (path) => {
      const found = path === "connections.yaml" ? text : files[path];
      if (found === undefined) throw Object.assign(new Error("no"), { code: "ENOENT" });
      return found;
    },
  });
}

function faultsOf(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  const result = load(text, files);
  return result.ok ? [] : result.faults.map(({ path, message }) => `${path}: ${message}`);
}

describe("connections to ERPs", () => {
  test("have their settings, defaults, and secrets of the environment and of files", () => {
    const result = load(
      `hook:
  adapter: http
  url: https://erp.example/hook
  secret: \${HOOK_SECRET}
  bearer_token_file: token
  posting: { requests_per_second: 2.5 }
drop:
  adapter: file
  format: csv
  path: /drop
`,
      { token: "t0ken\n" },
    );
    if (!result.ok) throw new Error(JSON.stringify(result.faults));
    const hook = result.connections.get("hook");
    expect(hook?.posting).toMatchObject({
      max_concurrent: 3,
      requests_per_second: 2.5,
      payment_interval: 21_600_000,
    });
    expect(result.connections.get("drop")).toMatchObject({ adapter: "file" });
  });

  test("all faults are told at once, each with its path, none with a secret", () => {
    const faults = faultsOf(`hook:
  adapter: http
  url: http://erp.example/hook
  secret: ${SECRET}
  retries: 3
  posting: { max_concurrent: 0, burst: 1 }
drop:
  adapter: file
  format: idoc
  path: /drop
other:
  adapter: quickbooks
text: true
`);
    expect(faults).toEqual([
      "hook.posting.max_concurrent: Too small: expected number to be >=1",
      "hook.posting.burst: no such setting",
      "hook.url: must be an https:// address without user or fragment; http:// only to this machine",
      "hook.retries: no such setting",
      "drop.partners: is required by format idoc",
      expect.stringMatching(/^other\.adapter: must be one of /),
      "text: must be a mapping of settings",
    ]);
    expect(faults.join("\n")).not.toContain(SECRET);
  });

  test.each([
    [
      `hook: { adapter: http, url: "https://a.example", secret: "\${ABSENT}" }`,
      "hook.secret: the environment variable ABSENT is not set",
    ],
    [
      `hook: { adapter: http, url: "https://a.example", secret_file: nowhere }`,
      "hook.secret_file: can't be read (ENOENT)",
    ],
    [
      `hook: { adapter: http, url: "https://a.example", secret_file: empty }`,
      "hook.secret_file: must hold at least 1 characters",
    ],
    [
      `hook: { adapter: http, url: "https://a.example", secret: "${SECRET}", secret_file: empty }`,
      "hook.secret_file: is given beside the secret itself: choose one",
    ],
    ["hook: {", "connections.yaml: not valid YAML at line 1, column 8 (bad indent)"],
  ])("a secret that can't be had is named: %s", (text, fault) => {
    expect(faultsOf(text, { empty: "\n" })).toContain(fault);
  });

  test("the example is one that is taken", () => {
    const result = loadErpConnections({
      file: "config/erp-connections.example.yaml",
      env: {
        NETSUITE_CLIENT_ID: "client",
        NETSUITE_CERTIFICATE_ID: "certificate",
        ORACLE_CLIENT_ID: "client",
        SAP_CLIENT_ID: "sap",
      },
      readFile: (path) => {
        if (path.startsWith("config/")) return readProjectFile(path);
        return path.endsWith("hook-secret") ? SECRET : "a key";
      },
    });
    if (!result.ok) throw new Error(JSON.stringify(result.faults));
    const adapters = [...result.connections.values()].map(({ adapter }) => adapter);
    expect(adapters).toEqual([
      "netsuite",
      "business-central",
      "oracle-fusion",
      "finance-operations",
      "sap-s4hana",
      "file",
      "http",
    ]);
  });

  test("a file that is not there is named", () => {
    expect(loadErpConnections({ file: "/nowhere/erp.yaml", env: {} })).toEqual({
      ok: false,
      faults: [{ path: "/nowhere/erp.yaml", message: "can't be read (ENOENT)" }],
    });
  });
});
