import { LEDGER_ACCOUNTS } from "../../../src/billing/ledger/journal-entry.ts";
import type { PartitionStore } from "../../../src/model/store.ts";
import type { PostingCommand } from "../../../src/model/posting.ts";
import { BILLING_FILES } from "../invoices/billing-fixture.ts";

export interface MappingRowFile {
  readonly connection: string;
  readonly table: string;
  readonly key: string;
  readonly values: Readonly<Record<string, string>>;
  readonly from?: string;
  readonly to?: string;
}

const row = (connection: string, table: string, key: string, values: Readonly<Record<string, string>>) => ({
  connection,
  table,
  key,
  values,
});

/** All that the connections `detail` and `summary` need for the contracts of billing's fixture. */
export const MAPPING: readonly MappingRowFile[] = [
  row("detail", "item", "*", { id: "86" }),
  row("detail", "item", "api", { id: "87", name: "API" }),
  row("detail", "item", "credits", { id: "88" }),
  row("detail", "tax", "*", { code: "VAT" }),
  row("detail", "currency", "EUR", { id: "1" }),
  row("detail", "legal_entity", "default", { id: "10" }),
  row("detail", "terms", "30", { id: "5" }),
  row("detail", "dimension", "team=core", { id: "7" }),
  row("detail", "dimension", "team=sales", { id: "8" }),
  ...LEDGER_ACCOUNTS.map((account) => row("detail", "account", account, { id: `A-${account}` })),
  ...LEDGER_ACCOUNTS.map((account) => row("summary", "account", account, { code: `S-${account}` })),
];

export const CONNECTIONS = [
  {
    key: "detail",
    adapter: "reversing",
    dunning: [
      { days: 1, stage: "reminder" },
      { days: 14, stage: "final" },
    ],
  },
  { key: "summary", adapter: "plain", mode: "summary" },
];

type Files = Readonly<Record<string, unknown>>;

/** Contracts of every kind that billing treats otherwise, posted to two ERPs: documents to one, all entries to the other. */
export function postingFiles(mapping: readonly MappingRowFile[] = MAPPING, files: Files = {}): Files {
  return {
    ...BILLING_FILES,
    "products/all.json": [
      { key: "api", name: "API", dimensions: { team: "core" } },
      { key: "support", name: "Support" },
    ],
    "erp/all.json": CONNECTIONS,
    "mappings/all.json": mapping,
    ...files,
  };
}

const PAGE = 1_000;

/** All commands that a partition has committed, in the order in which they were queued. */
export function commandsOf(store: Pick<PartitionStore, "outboxAfter">): PostingCommand[] {
  const commands: PostingCommand[] = [];
  for (let after = 0; ;) {
    const page = store.outboxAfter("command", after, PAGE);
    for (const { ordinal, body } of page) {
      after = ordinal;
      const command: PostingCommand = JSON.parse(body);
      commands.push(command);
    }
    if (page.length < PAGE) return commands;
  }
}
