import { z } from "zod";
import { DURATION_UNIT_MS } from "../../model/duration.ts";
import type { RegionalSource } from "../../model/regional-source.ts";
import { isLoopbackHost } from "../../ops/loopback.ts";
import { partitions, snapshots } from "./partitions-schema.ts";
import { duration, path, secret, size } from "./setting-types.ts";

/**
 * The worker's configuration as it stands in the file. Descriptions are the reference in docs/configuration.md and
 * the help of the flags; `writeOnly` marks a secret: it has no flag and is never printed.
 */

const SERVER_PATTERN = /^((nats|tls):\/\/)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;
/** A region, alone or with the JetStream domain of its broker. */
const REGION_SOURCE_PATTERN = /^[A-Za-z0-9_-]{1,64}(=[A-Za-z0-9_-]{1,64})?$/;
const WORKER_NAME_PATTERN = /^[A-Za-z0-9_.-]{1,64}$/;
/** Short enough to type, long enough that guessing over a network is hopeless. */
export const MIN_ADMIN_TOKEN_CHARACTERS = 16;

const { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS } = DURATION_UNIT_MS;

const tls = z
  .strictObject({
    ca_file: path("PEM file of the authority that signed the server's certificate.").optional(),
    cert_file: path("PEM file of the client's certificate; with `key_file`.").optional(),
    key_file: path("PEM file of the client's key; with `cert_file`.").optional(),
  })
  .superRefine((value, context) => {
    if ((value.cert_file === undefined) === (value.key_file === undefined)) return;
    const path = [value.cert_file === undefined ? "cert_file" : "key_file"];
    context.addIssue({ code: "custom", path, message: "cert_file and key_file belong together" });
  })
  .meta({ description: "TLS to the server; absent: as the server asks, with the system's authorities." });

const nats = z
  .strictObject({
    servers: z
      .array(
        z.string().regex(SERVER_PATTERN, {
          error: `must be an address such as "nats://host:4222"; user and password have keys of their own`,
        }),
      )
      .min(1, { error: "must name at least one server" })
      .default(["nats://127.0.0.1:4222"])
      .meta({ description: "Addresses of the NATS servers; any one of the cluster is enough." }),
    user: z.string().min(1).optional().meta({ description: "User name; with `password`." }),
    password: secret("Password of `user`.").optional(),
    password_file: path("File that holds the password.").optional(),
    token: secret("Token, instead of user and password.").optional(),
    token_file: path("File that holds the token.").optional(),
    credentials_file: path("`.creds` file (user JWT and seed), instead of the others.").optional(),
    tls: tls.optional(),
  })
  .superRefine((value, context) => {
    const report = (path: string, message: string): void => {
      context.addIssue({ code: "custom", path: [path], message });
    };
    if (value.password !== undefined && value.password_file !== undefined) {
      report("password_file", "password is given as well: choose one");
    }
    if (value.token !== undefined && value.token_file !== undefined) {
      report("token_file", "token is given as well: choose one");
    }
    const hasPassword = value.password !== undefined || value.password_file !== undefined;
    if (value.user !== undefined && !hasPassword) report("user", "needs password or password_file");
    if (value.user === undefined && hasPassword) report("user", "is required with a password");
    const ways = [
      value.user !== undefined || hasPassword,
      value.token !== undefined || value.token_file !== undefined,
      value.credentials_file !== undefined,
    ];
    if (ways.filter(Boolean).length > 1) {
      report("user", "user with password, token and credentials_file exclude each other");
    }
  })
  .prefault({})
  .meta({ description: "How to reach NATS." });

const pull = z
  .strictObject({
    max_messages: z
      .int()
      .min(1)
      .max(100_000)
      .default(10_000)
      .meta({ description: "Messages of one request to a stream, at most." }),
    max_bytes: size("4MiB", "Bytes of one request, at most; not below the streams' largest message.", {
      minBytes: 64 * 1024,
      maxBytes: 256 * 1024 * 1024,
    }),
  })
  .prefault({})
  .meta({ description: "Budget of a request for messages; with the number of partitions it bounds memory." });

const sinks = z
  .strictObject({
    rated: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .meta({ description: "Publish rated aggregates on the RATED stream." }),
      })
      .prefault({})
      .meta({ description: "Rated aggregates as events." }),
    file: z
      .strictObject({
        directory: path("Folder that the files are written to; created when missing."),
        format: z
          .enum(["ndjson", "csv", "both"])
          .default("ndjson")
          .meta({ description: "Form of the files: `ndjson`, `csv` or `both`." }),
        shared: z.boolean().default(false).meta({
          description:
            "Whether all workers of the fleet have the same folder there. With elastic assignment they must: a partition's next owner sees by the files what was written.",
        }),
      })
      .optional()
      .meta({ description: "Rated aggregates as files; absent: none are written." }),
  })
  .prefault({})
  .meta({ description: "Where results go." });

/** More requests at once than this, by one worker, is no use of a service that a fleet shares. */
const MAX_TAX_REQUESTS = 256;

const tax = z
  .strictObject({
    service: z.enum(["avatax"]).meta({ description: "Which service it is: `avatax`." }),
    url: z
      .string()
      .regex(/^https?:\/\/[^/\s@?#]+$/, {
        error: `must be an origin such as "https://rest.avatax.com", without a path`,
      })
      .refine((url) => url.startsWith("https://") || isLoopbackHost(new URL(url).hostname), {
        error: "must begin with https://, since the license key goes there",
      })
      .default("https://rest.avatax.com")
      .meta({ description: "Origin of the service; `https://sandbox-rest.avatax.com` is its sandbox." }),
    account_id: z.string().min(1).meta({ description: "Account that asks." }),
    license_key: secret("License key of the account.").optional(),
    license_key_file: path("File that holds the license key.").optional(),
    deadline: duration("10s", "How long an answer may take.", { minMs: 100, maxMs: 5 * MINUTE_MS }),
    max_in_flight: z.int().min(1).max(MAX_TAX_REQUESTS).default(8).meta({
      description: "Requests that are under way at once, of the whole worker.",
    }),
    overdue_after: duration(
      "1h",
      "A document that has waited this long for an answer becomes an exception; it goes on being asked about.",
      { minMs: 100, maxMs: 7 * 24 * HOUR_MS },
    ),
    ask_again_after: duration(
      "1h",
      "A document that the service has refused, or answered with taxes that don't add up, is asked about again after this time.",
      { minMs: 100, maxMs: 7 * 24 * HOUR_MS },
    ),
  })
  .superRefine((value, context) => {
    const hasKey = value.license_key !== undefined;
    if (hasKey !== (value.license_key_file !== undefined)) return;
    const message = hasKey
      ? "license_key is given as well: choose one"
      : "license_key or license_key_file is required";
    context.addIssue({ code: "custom", path: [hasKey ? "license_key_file" : "license_key"], message });
  })
  .optional()
  .meta({
    description: "The tax service of legal entities with `tax: service`; absent: their documents wait.",
  });

const admin = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .meta({ description: "Address that the admin port listens on; any but loopback needs a token." }),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(8321)
      .meta({ description: "Port of /livez, /readyz, /metrics, /status and /version; 0 takes a free one." }),
    token: z
      .string()
      .min(MIN_ADMIN_TOKEN_CHARACTERS, {
        error: `must have at least ${MIN_ADMIN_TOKEN_CHARACTERS} characters`,
      })
      .optional()
      .meta({ description: "Bearer token that /metrics and /status then ask for.", writeOnly: true }),
    token_file: path("File that holds the token.").optional(),
  })
  .superRefine((value, context) => {
    if (value.token !== undefined && value.token_file !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["token_file"],
        message: "token is given as well: choose one",
      });
    }
    if (value.token !== undefined || value.token_file !== undefined || isLoopbackHost(value.host)) return;
    context.addIssue({
      code: "custom",
      path: ["token"],
      message: "token or token_file is required when host is not a loopback address",
    });
  })
  .prefault({})
  .meta({ description: "Health, metrics and status over HTTP." });

const webhooks = z
  .strictObject({
    host: z.string().min(1).default("127.0.0.1").meta({
      description:
        "Address that is listened on, without TLS: a proxy in front of it has that. Any but loopback needs a secret of each connection that is notified.",
    }),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .meta({ description: "Port of `/webhooks/<connection>`; 0 takes a free one." }),
  })
  .optional()
  .meta({
    description: "Where ERPs' notifications of changes are received; absent: this worker receives none.",
  });

const log = z
  .strictObject({
    level: z
      .enum(["trace", "debug", "info", "warn", "error", "fatal"])
      .default("info")
      .meta({ description: "Least level that is written." }),
    format: z
      .enum(["json", "text"])
      .default("json")
      .meta({ description: "`json` for collectors, `text` for people: one line a record in both." }),
  })
  .prefault({})
  .meta({ description: "Log on standard output." });

const regionSources = z
  .array(
    z.string().regex(REGION_SOURCE_PATTERN, {
      error: `must be a region, or a region and its domain such as "eu=eu-central"`,
    }),
  )
  .refine((value) => new Set(value.map(regionOfText)).size === value.length, {
    error: "must name each region once",
  })
  .transform((value) => value.map(regionalSource))
  .prefault([])
  .meta({
    description:
      "Regions whose usage is taken in by brokers of their own and sourced from there, by name, or as `region=domain` where the JetStream domain has another one.",
  });

function regionOfText(text: string): string {
  return text.split("=")[0] ?? "";
}

function regionalSource(text: string): RegionalSource {
  const region = regionOfText(text);
  return { region, domain: text.split("=")[1] ?? region };
}

export const workerSchema = z
  .strictObject({
    nats,
    partitions,
    snapshots,
    state_dir: path("Folder of the checkpoints, a folder a partition in it. On a local disk, never shared."),
    catalog_dir: path("Folder of the catalog: meters, products, plans, customers, contracts."),
    worker_name: z
      .string()
      .regex(WORKER_NAME_PATTERN, { error: "must be 1 to 64 letters, digits or any of _ . -" })
      .optional()
      .meta({
        description: "Name of this worker in logs and control records; default: host name and process id.",
      }),
    checkpoint_interval: duration(
      "1s",
      "Time between two checkpoints: bounds the work repeated after a crash.",
      {
        minMs: 10,
        maxMs: 5 * MINUTE_MS,
      },
    ),
    accrued_interval: duration(
      "10s",
      "Pause between two rotations through the open windows that keep the metric of the accrued value current.",
      { minMs: 100, maxMs: HOUR_MS },
    ),
    idle_timeout: duration("60s", "A region without events for this long stops holding the watermark back.", {
      minMs: 100,
      maxMs: 24 * HOUR_MS,
    }),
    shutdown_deadline: duration(
      "30s",
      "Time to drain after the first signal; give the supervisor 15 s more before it kills.",
      { minMs: SECOND_MS, maxMs: HOUR_MS },
    ),
    threads: z.int().min(1).max(64).optional().meta({
      description:
        "Threads that the owned partitions are spread over, each with its own connection and its own copy of the catalog in memory; 1 runs them all on the main thread. Default: the processors of the machine, no more than 4 and no more than owned partitions.",
    }),
    pull,
    replicas: z
      .union([z.literal(1), z.literal(3), z.literal(5)], { error: "must be 1, 3 or 5" })
      .default(1)
      .meta({ description: "Replicas of the streams that are created; 3 on a cluster of three or more." }),
    region_sources: regionSources,
    sinks,
    tax,
    erp_connections: path(
      "YAML file that says how the ERP connections of the catalog are reached, with their secrets; absent: this worker posts nothing.",
    ).optional(),
    webhooks,
    admin,
    log,
  })
  .superRefine(({ partitions: { assignment }, sinks: { file } }, context) => {
    if (assignment !== "elastic" || file === undefined || file.shared) return;
    context.addIssue({
      code: "custom",
      path: ["sinks", "file", "shared"],
      message:
        "must be true with elastic assignment, and the folder one that all workers share: else files are written twice",
    });
  });

export type ParsedWorkerConfig = z.output<typeof workerSchema>;

/** JSON Schema of the configuration file, for editors. */
export function workerConfigJsonSchema(): Record<string, unknown> {
  return { title: "Configuration of a Tributary worker", ...z.toJSONSchema(workerSchema, { io: "input" }) };
}
