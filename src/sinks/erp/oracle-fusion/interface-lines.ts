import { z } from "zod";
import type { OracleClient } from "./client.ts";
import { NO_VALUE, startJob } from "./import-requests.ts";
import { MAX_INTERFACE_DOCUMENTS, MAX_REMEMBERED_IMPORTS, REMOVAL_MS } from "./limits.ts";
import type { TransactionPlan } from "./plan.ts";
import { FINANCIALS, parsed, quoted, readAll } from "./resources.ts";

/**
 * Lines that AutoInvoice has rejected stay in its interface table: each later import would try them again, and their document, sent once more, would
 * be refused because of them. So they are removed before anything is said of the document. Lines are removed by the load that brought them;
 * what was imported of it is no longer in the table.
 */

/** Financials REST API, "AutoInvoice Interface Lines": to be read and changed, not deleted. */
export const INTERFACE_LINES = `${FINANCIALS}/autoInvoiceInterfaceLines`;
const REMOVAL_PACKAGE = "/oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader/";
const REMOVAL_JOB = "InterfaceLoaderPurge";
/** The number of AutoInvoice's import among those that can be removed from, in every environment. */
const AUTOINVOICE_INTERFACE = "2";
/** Rows that a file brought, of the user who asks. */
const REMOVAL_INTENT = ["ORA_FBDI", "USER"] as const;

const lineSchema = z.looseObject({
  InternalNotes: z.string().nullish(),
  LoadRequestId: z.string().nullish(),
});

/** Loads by which lines of documents are in the table, by external id; "" where Oracle doesn't say by which. */
export async function loadsOfLines(
  client: OracleClient,
  plans: readonly Pick<TransactionPlan, "externalId">[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const loads = new Map<string, Set<string>>();
  for (let first = 0; first < plans.length; first += MAX_INTERFACE_DOCUMENTS) {
    const slice = plans.slice(first, first + MAX_INTERFACE_DOCUMENTS);
    const items = await readAll(client, {
      operation: "read-interface-lines",
      path: INTERFACE_LINES,
      q: slice.map(({ externalId }) => `InternalNotes=${quoted(externalId)}`).join(" or "),
      parameters: { fields: "InternalNotes,LoadRequestId", orderBy: "InterfaceLineGUID:asc" },
      signal,
    });
    for (const item of items) {
      const { InternalNotes: externalId, LoadRequestId: load } = parsed(lineSchema, item, "interface line");
      if (externalId === undefined || externalId === null) continue;
      loads.set(externalId, (loads.get(externalId) ?? new Set()).add(load ?? ""));
    }
  }
  return loads;
}

/** Has loads' lines removed, and remembers for a while that it was asked for: the jobs work by themselves. */
export class LineRemoval {
  readonly #client: OracleClient;
  readonly #askedAtMs = new Map<string, number>();

  constructor(client: OracleClient) {
    this.#client = client;
  }

  async begin(loads: Iterable<string>, signal: AbortSignal): Promise<void> {
    const nowMs = this.#client.clock.monotonicMs();
    for (const load of loads) {
      const askedAtMs = this.#askedAtMs.get(load);
      if (!/^\d{1,18}$/.test(load) || (askedAtMs !== undefined && nowMs - askedAtMs < REMOVAL_MS)) continue;
      await startJob(this.#client, {
        operation: "remove-interface-lines",
        package: REMOVAL_PACKAGE,
        definition: REMOVAL_JOB,
        parameters: [
          AUTOINVOICE_INTERFACE,
          load,
          // A range of loads, and what further intents would have.
          NO_VALUE,
          NO_VALUE,
          NO_VALUE,
          ...REMOVAL_INTENT,
          NO_VALUE,
          NO_VALUE,
        ],
        signal,
      });
      this.#remember(load, nowMs);
    }
  }

  #remember(load: string, nowMs: number): void {
    this.#askedAtMs.delete(load);
    this.#askedAtMs.set(load, nowMs);
    const [oldest] = this.#askedAtMs.keys();
    if (this.#askedAtMs.size > MAX_REMEMBERED_IMPORTS && oldest !== undefined) this.#askedAtMs.delete(oldest);
  }
}
