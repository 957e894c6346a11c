import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effectiveConfig, MASK } from "../../../src/cli/config/effective-config.ts";
import {
  loadWorkerConfig,
  type ConfigFault,
  type WorkerConfig,
  type WorkerConfigSources,
} from "../../../src/cli/config/worker-config.ts";
import { DURATION_UNIT_MS } from "../../../src/model/duration.ts";

const REQUIRED = "state_dir: state\ncatalog_dir: catalog\n";

function sources(
  yaml: string,
  more: Partial<WorkerConfigSources> & { readonly files?: Record<string, string> } = {},
): WorkerConfigSources {
  const files: Record<string, string> = { "worker.yaml": yaml, ...more.files };
  return {
    file: "worker.yaml",
    env: more.env ?? {},
    flags: more.flags ?? {},
    defaultWorkerName: "host-1",
    processors: more.processors ?? 3,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return text;
    },
  };
}

function load(yaml: string, more: Parameters<typeof sources>[1] = {}): WorkerConfig {
  const result = loadWorkerConfig(sources(yaml, more));
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.config;
}

function faults(yaml: string, more: Parameters<typeof sources>[1] = {}): readonly ConfigFault[] {
  const result = loadWorkerConfig(sources(yaml, more));
  return result.ok ? [] : result.faults;
}

describe("defaults", () => {
  it("fills in all but the two folders", () => {
    expect(load(REQUIRED)).toEqual({
      nats: { servers: ["nats://127.0.0.1:4222"] },
      partitions: {
        count: 16,
        assignment: "static",
        owned: Array.from({ length: 16 }, (_, i) => i),
        leaseMs: 15_000,
      },
      snapshots: { intervalMs: 60_000, keep: 3 },
      stateDir: "state",
      catalogDir: "catalog",
      workerName: "host-1",
      checkpointIntervalMs: 1_000,
      accruedIntervalMs: 10_000,
      idleTimeoutMs: 60_000,
      shutdownDeadlineMs: 30_000,
      threads: 3,
      pull: { maxMessages: 10_000, maxBytes: 4 * 1024 * 1024 },
      replicas: 1,
      regions: [],
      sinks: { rated: { enabled: true } },
      admin: { host: "127.0.0.1", port: 8321 },
      log: { level: "info", format: "json" },
    });
  });

  it("has a thread for each processor, but no more than four and no more than owned partitions", () => {
    expect(load(REQUIRED, { processors: 1 }).threads).toBe(1);
    expect(load(REQUIRED, { processors: 64 }).threads).toBe(4);
    expect(load(`${REQUIRED}partitions: { count: 16, owned: [3, 5] }\n`, { processors: 64 }).threads).toBe(2);
    expect(load(`${REQUIRED}threads: 8\n`, { processors: 2 }).threads).toBe(8);
  });

  it("needs no file when the environment says enough", () => {
    const result = loadWorkerConfig({
      env: { TRIBUTARY__STATE_DIR: "s", TRIBUTARY__CATALOG_DIR: "c" },
    });
    expect(result).toMatchObject({ ok: true, config: { stateDir: "s", catalogDir: "c" } });
    expect(result.ok && result.config.workerName).toMatch(/^[A-Za-z0-9_.-]+-\d+$/);
  });

  it("says what is required", () => {
    expect(faults("")).toEqual([
      { path: "state_dir", message: "is required" },
      { path: "catalog_dir", message: "is required" },
    ]);
  });

  it("takes a section whose lines are all commented out as absent", () => {
    expect(load(`${REQUIRED}nats:\nsinks:\n  file:\n`).nats.servers).toEqual(["nats://127.0.0.1:4222"]);
  });
});

describe("layers", () => {
  it("prefers flags to the environment, and that to the file", () => {
    const yaml = `${REQUIRED}checkpoint_interval: 2s\nadmin: { port: 1000 }\nlog: { level: debug }\n`;
    const config = load(yaml, {
      env: { TRIBUTARY__ADMIN__PORT: "2000", TRIBUTARY__LOG__LEVEL: "warn" },
      flags: { "log.level": "error" },
    });
    expect(config).toMatchObject({
      checkpointIntervalMs: 2_000,
      admin: { port: 2000 },
      log: { level: "error" },
    });
  });

  it("reads lists, numbers and truth values from texts", () => {
    const config = load(REQUIRED, {
      env: {
        TRIBUTARY__NATS__SERVERS: "nats://a:4222, tls://b",
        TRIBUTARY__PARTITIONS__COUNT: "8",
        TRIBUTARY__PARTITIONS__OWNED: "0-2,7",
        TRIBUTARY__SINKS__RATED__ENABLED: "false",
        TRIBUTARY__SINKS__FILE__DIRECTORY: "out",
        TRIBUTARY__REPLICAS: "3",
        TRIBUTARY__LOG__LEVEL: "",
      },
    });
    expect(config).toMatchObject({
      nats: { servers: ["nats://a:4222", "tls://b"] },
      partitions: { count: 8, owned: [0, 1, 2, 7] },
      sinks: { rated: { enabled: false }, file: { directory: "out", format: "ndjson" } },
      replicas: 3,
      log: { level: "info" },
    });
  });

  it("lets a higher layer replace a secret by a file and a file by a secret", () => {
    const yaml = `${REQUIRED}nats: { user: u, password_file: low }\nadmin: { token: 0123456789abcdef }\n`;
    const config = load(yaml, {
      env: { TRIBUTARY__NATS__PASSWORD: "high", TRIBUTARY__ADMIN__TOKEN_FILE: "tok" },
      files: { tok: "from-the-file-0123\n" },
    });
    expect(config.nats.password).toBe("high");
    expect(config.admin.token).toBe("from-the-file-0123");
  });

  it("reports a variable or flag that names no setting, and a secret in a flag", () => {
    expect(
      faults(REQUIRED, {
        env: { TRIBUTARY__NATS__SERVER: "x" },
        flags: { "nats.token": "hush-hush", nope: "1" },
      }),
    ).toEqual([
      { path: "TRIBUTARY__NATS__SERVER", message: "no such setting" },
      { path: "nats.token", message: "a secret can't be given by a flag; use a file" },
      { path: "nope", message: "no such setting" },
    ]);
  });
});

describe("interpolation", () => {
  it("puts variables and defaults into texts, numbers and lists", () => {
    const yaml = [
      "state_dir: ${BASE}/state",
      "catalog_dir: ${CATALOG:catalog}",
      "nats: { servers: '${SERVERS}' }",
      "admin: { port: '${PORT:9000}' }",
      "worker_name: w-$${x}",
    ].join("\n");
    const env = { BASE: "b", SERVERS: "nats://a,nats://b", CATALOG: "" };
    expect(load(yaml.replace("w-$${x}", "w-1"), { env })).toMatchObject({
      stateDir: "b/state",
      catalogDir: "catalog",
      nats: { servers: ["nats://a", "nats://b"] },
      admin: { port: 9000 },
    });
    // The escape leaves a literal `${x}`, which no worker's name may hold.
    expect(faults(yaml, { env }).map((fault) => fault.path)).toEqual(["worker_name"]);
  });

  it("does not read a variable's value as YAML or as another reference", () => {
    const env = { NAME: "a\nreplicas: 3", DIR: "${NAME}" };
    const config = load("state_dir: ${NAME}\ncatalog_dir: ${DIR}\n", { env });
    expect(config).toMatchObject({ stateDir: "a\nreplicas: 3", catalogDir: "${NAME}", replicas: 1 });
  });

  it("reports a variable that is not set under the setting's path", () => {
    expect(faults(`${REQUIRED}nats: { servers: ["nats://\${HOST}"] }`)).toContainEqual({
      path: "nats.servers.0",
      message: "the environment variable HOST is not set",
    });
  });
});

describe("faults", () => {
  it("lists all of them, each with its path", () => {
    const yaml = [
      "state_dir: ''",
      "catalog: c",
      "nats: { servers: [], tls: { cert_file: c } }",
      "partitions: { count: 4, owned: ['2-9'] }",
      "checkpoint_interval: 1 second",
      "idle_timeout: 1ms",
      "pull: { max_bytes: 4MB }",
      "replicas: 2",
      "admin: { host: 0.0.0.0, port: 70000 }",
      "log: { level: loud, color: yes }",
    ].join("\n");
    const found = faults(yaml);
    expect(found.map((fault) => fault.path).sort()).toEqual(
      [
        "state_dir",
        "catalog_dir",
        "catalog",
        "nats.servers",
        "nats.tls.key_file",
        "partitions.owned",
        "checkpoint_interval",
        "idle_timeout",
        "pull.max_bytes",
        "replicas",
        "admin.port",
        "admin.token",
        "log.level",
        "log.color",
      ].sort(),
    );
    expect(found).toContainEqual({ path: "replicas", message: "must be 1, 3 or 5" });
    expect(found).toContainEqual({ path: "catalog", message: "no such setting" });
  });

  it("reads regions with the domains of their brokers, each once", () => {
    const result = loadWorkerConfig({
      env: {
        TRIBUTARY__STATE_DIR: "s",
        TRIBUTARY__CATALOG_DIR: "c",
        TRIBUTARY__REGION_SOURCES: "eu,us=us-east",
      },
    });
    expect(result).toMatchObject({
      ok: true,
      config: {
        regions: [
          { region: "eu", domain: "eu" },
          { region: "us", domain: "us-east" },
        ],
      },
    });
    expect(faults("region_sources: [eu, us, eu=other]")).toContainEqual({
      path: "region_sources",
      message: "must name each region once",
    });
    expect(faults("region_sources: ['e.u']").map(({ path }) => path)).toContain("region_sources.0");
  });

  it("gives a worker of several every so-many-th partition", () => {
    const owned = (ordinal: number): readonly number[] =>
      load(`${REQUIRED}partitions: { count: 8, ordinal: ${ordinal}, workers: 3 }\n`).partitions.owned;
    expect([owned(0), owned(1), owned(2)]).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5],
    ]);
  });

  it("lets an elastic worker have any partition", () => {
    expect(
      load(`${REQUIRED}partitions: { count: 2, assignment: elastic, lease: 5s }\n`).partitions,
    ).toMatchObject({ assignment: "elastic", owned: [0, 1], leaseMs: 5_000 });
    const files = `${REQUIRED}partitions: { assignment: elastic }\nsinks: { file: { directory: f } }\n`;
    expect(faults(files).map(({ path }) => path)).toEqual(["sinks.file.shared"]);
    expect(faults(files.replace("directory: f", "directory: f, shared: true"))).toEqual([]);
  });

  it.each([
    ["ordinal: 0", "partitions.workers", "belong together"],
    ["workers: 2", "partitions.ordinal", "belong together"],
    ["ordinal: 2, workers: 2", "partitions.ordinal", "must be less"],
    ["ordinal: 0, workers: 2, owned: [1]", "partitions.owned", "choose one way"],
    ["assignment: elastic, owned: [1]", "partitions.owned", "elastic"],
    ["assignment: elastic, ordinal: 1, workers: 2", "partitions.ordinal", "elastic"],
  ])("refuses the assignment %s", (line, path, message) => {
    const found = faults(`${REQUIRED}partitions: { ${line} }`);
    expect(found).toHaveLength(1);
    expect(found[0]?.path).toBe(path);
    expect(found[0]?.message).toContain(message);
  });

  it.each([
    ["owned: [3-1]", "ends before it starts"],
    ["owned: [x]", `must be "all"`],
    ["owned: []", "at least one"],
    ["owned: '16'", "does not exist"],
  ])("refuses partitions %s", (line, message) => {
    const found = faults(`${REQUIRED}partitions: { ${line} }`);
    expect(found).toHaveLength(1);
    expect(found[0]?.path).toBe("partitions.owned");
    expect(found[0]?.message).toContain(message);
  });

  it.each([
    ["{ user: u }", "nats.user"],
    ["{ password: p }", "nats.user"],
    ["{ user: u, password: p, token: t }", "nats.user"],
    ["{ user: u, password: p, password_file: f }", "nats.password_file"],
    ["{ token: t, token_file: f }", "nats.token_file"],
    ["{ user: u, password_file: missing }", "nats.password_file"],
    ["{ user: u, password_file: empty }", "nats.password_file"],
  ])("refuses the credentials %s", (section, path) => {
    const found = faults(`${REQUIRED}nats: ${section}`, { files: { empty: "\n" } });
    expect(found.map((fault) => fault.path)).toEqual([path]);
  });

  it("asks for a token when the admin port is open to others", () => {
    expect(faults(`${REQUIRED}admin: { host: '::' }`).map((fault) => fault.path)).toEqual(["admin.token"]);
    expect(faults(`${REQUIRED}admin: { host: '::1' }`)).toEqual([]);
    expect(faults(`${REQUIRED}admin: { host: 0.0.0.0, token: 0123456789abcdef }`)).toEqual([]);
  });

  it("says where the file is no YAML, or no mapping, or not there", () => {
    expect(faults("a: [1\nb: 2")[0]?.message).toMatch(/not valid YAML at line \d+/);
    expect(faults("- a")).toContainEqual({ path: "worker.yaml", message: "must be a mapping of settings" });
    expect(faults("state_dir: a\nstate_dir: b\ncatalog_dir: c")[0]?.path).toBe("worker.yaml");
    expect(loadWorkerConfig({ ...sources(""), file: "other.yaml" })).toMatchObject({
      faults: [{ path: "other.yaml", message: "can't be read (ENOENT)" }, {}, {}],
    });
  });

  it("never tells a secret", () => {
    const secret = "hunter2";
    const texts = [
      `nats: { user: u, password: [${secret}] }`,
      `nats: { user: u, password: *${secret} }`,
      `nats: { user: u, password: "${secret}\\q" }`,
      `nats: { user: u, password: '${secret}`,
      `nats: { servers: ["nats://u:${secret}@host"] }`,
      `admin: { token: ${secret} }`,
      `admin: { token_file: short }`,
      `nats: { password: !secret ${secret} }`,
    ];
    for (const text of texts) {
      const found = faults(`${REQUIRED}${text}`, { files: { short: secret } });
      expect(found).not.toEqual([]);
      expect(JSON.stringify(found)).not.toContain(secret);
    }
    expect(faults(REQUIRED, { env: { TRIBUTARY__ADMIN__TOKEN: secret } })).toEqual([
      { path: "admin.token", message: "must have at least 16 characters" },
    ]);
  });
});

describe("effective configuration", () => {
  it("masks secrets and shows the rest in the form of the file", () => {
    const yaml = `${REQUIRED}nats: { user: u, password: hunter2 }\nadmin: { token: hunter2-hunter2-hunter2 }\npartitions: { owned: [0-3, 9] }\n`;
    const shown = effectiveConfig(load(yaml));
    expect(JSON.stringify(shown)).not.toContain("hunter2");
    expect(shown).toMatchObject({
      nats: { user: "u", password: MASK },
      admin: { token: MASK },
      partitions: { count: 16, owned: ["0-3", "9"] },
      checkpoint_interval: "1s",
      pull: { max_bytes: "4MiB" },
    });
  });

  it("loads again as the same configuration", () => {
    const config = fc.record({
      count: fc.integer({ min: 1, max: 40 }),
      owned: fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { minLength: 1 }),
      intervalMs: fc.integer({ min: 10, max: 5 * DURATION_UNIT_MS.m }),
      idleMs: fc.integer({ min: 100, max: 24 * DURATION_UNIT_MS.h }),
      maxBytes: fc.integer({ min: 64 * 1024, max: 256 * 1024 * 1024 }),
      replicas: fc.constantFrom<1 | 3 | 5>(1, 3, 5),
      file: fc.option(fc.constantFrom("ndjson", "csv", "both")),
    });
    fc.assert(
      fc.property(config, (chosen) => {
        const owned = chosen.owned.filter((partition) => partition < chosen.count);
        fc.pre(owned.length > 0);
        const tree = {
          state_dir: "s",
          catalog_dir: "c",
          partitions: { count: chosen.count, owned },
          checkpoint_interval: `${chosen.intervalMs}ms`,
          idle_timeout: `${chosen.idleMs}ms`,
          pull: { max_bytes: `${chosen.maxBytes}B` },
          replicas: chosen.replicas,
          ...(chosen.file !== null && { sinks: { file: { directory: "d", format: chosen.file } } }),
        };
        const first = load(JSON.stringify(tree));
        expect(first.partitions.owned).toEqual(owned.sort((a, b) => a - b));
        expect(first.checkpointIntervalMs).toBe(chosen.intervalMs);
        expect(load(JSON.stringify(effectiveConfig(first)))).toEqual(first);
      }),
      { numRuns: 100 },
    );
  });
});
