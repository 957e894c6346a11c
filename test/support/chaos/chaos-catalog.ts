import { partitionOf } from "../../../src/model/partition.ts";
import { writeJsonFiles } from "../json-files.ts";
import { PREFIX, type PostedConnection } from "../erp/posted-month.ts";
import { DAY_MS, HOUR_MS, writeCatalog } from "../worker/usage-catalog.ts";

/**
 * Contracts whose usage is all on invoices at the end: the load's event times are a month ago and cross the beginning of a billing period; its last
 * events are of now, behind the end of that period. So each account has two invoices, and what is late for the first is on the second.
 */

export const CHAOS_PARTITIONS = 6;
const ACCOUNTS_PER_PARTITION = 3;
/** Hours of event time, in which a billing period ends for half of the accounts after a third, for the others after two thirds. */
export const LOAD_HOURS = 60;
/** Longer than a month, so that the next period ends before now; little enough that nothing is too old (35 days). */
const LOAD_START_BEFORE_MS = 33.5 * DAY_MS;
const PERIODS = 2;

export const CHAOS_ACCOUNTS: readonly string[] = accounts();
export const INVOICES = PERIODS * CHAOS_ACCOUNTS.length;

/** Some in each partition, with characters that must not stand in a subject. */
function accounts(): readonly string[] {
  const perPartition = Array.from({ length: CHAOS_PARTITIONS }, () => 0);
  const found: string[] = [];
  for (let n = 1; found.length < ACCOUNTS_PER_PARTITION * CHAOS_PARTITIONS; n++) {
    const account = `acct ${n}.com`;
    const partition = partitionOf(account, CHAOS_PARTITIONS);
    if ((perPartition[partition] ?? 0) >= ACCOUNTS_PER_PARTITION) continue;
    perPartition[partition] = (perPartition[partition] ?? 0) + 1;
    found.push(account);
  }
  return found;
}

const isSouth = (account: string): boolean => CHAOS_ACCOUNTS.indexOf(account) % 2 === 1;

/** When the load's events were, and when billing periods begin. */
export class ChaosTimes {
  readonly nowMs: number;
  readonly loadEndMs: number;
  readonly #firstBoundaryMs: number;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
    const startMs = nowMs - LOAD_START_BEFORE_MS;
    this.loadEndMs = startMs + LOAD_HOURS * HOUR_MS;
    this.#firstBoundaryMs = Math.ceil(startMs / DAY_MS) * DAY_MS;
  }

  /** Day of the month on which an account's billing periods begin: one of the two midnights within the load. */
  anchorDayOf(account: string): number {
    const day = this.#firstBoundaryMs + (CHAOS_ACCOUNTS.indexOf(account) % 4 < 2 ? 0 : DAY_MS);
    return new Date(day).getUTCDate();
  }
}

export function writeChaosCatalog(
  folder: string,
  times: ChaosTimes,
  connections: readonly PostedConnection[],
): void {
  writeCatalog(folder, { anchorDay: 1 });
  const prices = [
    { key: "requests", product: "api", meter: "requests", model: "per_unit", unit_price: "0.013" },
    {
      key: "bytes",
      product: "api",
      meter: "bytes",
      model: "graduated",
      tiers: [
        { up_to: "100000", unit_price: "0.0001" },
        { unit_price: "0.00004", flat_fee: "2.5" },
      ],
    },
  ];
  const plan = (key: string, currency: string): unknown => ({ key, version: 1, currency, prices });
  writeJsonFiles(folder, {
    "legal_entities/entities.json": [
      { key: "north", name: "North", number_prefix: "N-", country: "US" },
      { key: "south", name: "South", number_prefix: "S-", country: "DE" },
    ],
    "plans/plans.json": [plan("usd", "USD"), plan("eur", "EUR")],
    "customers/customers.json": CHAOS_ACCOUNTS.map((account, n) => ({
      id: `customer-${n}`,
      name: `Customer of ${account}`,
      email: `ap-${n}@example.com`,
      country: "US",
    })),
    "contracts/contracts.json": CHAOS_ACCOUNTS.map((account, n) => ({
      id: `C-${n}`,
      customer: `customer-${n}`,
      account,
      plan: { key: isSouth(account) ? "eur" : "usd", version: 1 },
      legal_entity: isSouth(account) ? "south" : "north",
      time_zone: "UTC",
      billing_anchor_day: times.anchorDayOf(account),
      start: "2025-01-01",
    })),
    ...Object.fromEntries(
      connections.flatMap(({ key, adapter, mapping }) => [
        [`erp/${key}.json`, { key, adapter, prefix: PREFIX }],
        [`mappings/${key}.json`, mapping.map((row) => ({ connection: key, ...row }))],
      ]),
    ),
  });
}
