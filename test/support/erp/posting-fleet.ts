import { LEASE_BUCKET, runnerLease } from "../../../src/ingest/jetstream/names.ts";
import type { Bench } from "../worker/bench.ts";
import type { WorkerProcess } from "../worker/worker-process.ts";
import { waitUntil } from "../wait-until.ts";

/** A row of `tributary inspect postings --json`, as far as the tests look at it. */
export interface InspectedPosting {
  readonly key: string;
  readonly kind: string;
  readonly state: string;
  readonly erp: { readonly id: string } | null;
}

/** Workers that each own a partition and share an ERP connection: whichever has its lease posts for all of them. */
export class PostingFleet {
  readonly #bench: Bench;
  readonly #connection: string;
  readonly #settings: Readonly<Record<string, unknown>>;
  readonly #workers = new Map<string, WorkerProcess>();

  constructor(
    bench: Bench,
    connection: { readonly key: string; readonly settings: Readonly<Record<string, unknown>> },
  ) {
    this.#bench = bench;
    this.#connection = connection.key;
    this.#settings = { [connection.key]: connection.settings };
    for (let partition = 0; partition < bench.partitionCount; partition++) this.start(nameOf(partition));
  }

  /** Starts a worker, or starts one again that has ended, on what is left of its state. */
  start(name: string): void {
    this.#workers.set(name, this.#bench.workspace.start(this.#configOf(name)));
  }

  worker(name: string): WorkerProcess {
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`there is no worker ${name}`);
    return worker;
  }

  /** Name of the worker that has the connection; undefined while nobody has. */
  async runner(): Promise<string | undefined> {
    const bucket = await this.#bench.connection.jetstream.views.kv(LEASE_BUCKET);
    const entry = await bucket.get(runnerLease(this.#connection));
    if (entry === null || entry.operation !== "PUT") return undefined;
    const lease: { readonly owner?: string } = entry.json();
    return lease.owner?.split(" ")[0];
  }

  /** Waits until another worker than `former` has the connection; its name. */
  async successor(former: string | undefined): Promise<string> {
    let found: string | undefined;
    await waitUntil("a worker to take the connection", async () => {
      found = await this.runner();
      return found !== undefined && found !== former;
    });
    return found ?? "";
  }

  /** Whether no worker has ended. */
  get isWhole(): boolean {
    return [...this.#workers.values()].every(({ exit }) => exit === undefined);
  }

  /** What the partitions of all workers know of their documents. */
  async postings(): Promise<readonly InspectedPosting[]> {
    const rows: InspectedPosting[] = [];
    for (const name of this.#workers.keys()) {
      const printed = await this.#bench.workspace.command(
        ["inspect", "postings", "--json"],
        this.#configOf(name),
      );
      const own: readonly InspectedPosting[] = JSON.parse(printed);
      rows.push(...own);
    }
    return rows;
  }

  #configOf(name: string) {
    return {
      workerName: name,
      state: name,
      files: `files-${name}`,
      owned: [Number(name.slice(NAME.length))],
      erp: this.#settings,
    };
  }
}

const NAME = "worker-";

function nameOf(partition: number): string {
  return `${NAME}${partition}`;
}
