import type { MappedReferences, PostingKind } from "../../../model/posting.ts";
import { askAll } from "../common/connection-check.ts";
import type { ConnectionFinding, ErpFault } from "../erp-sink.ts";
import { missingReferences } from "./check-references.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { queryPage, queryPath } from "./odata.ts";

/** What is read of each kind of document, and the security privilege that shows it. */
const ENTITIES: Readonly<Record<PostingKind, readonly (readonly [entity: string, field: string])[]>> = {
  customer: [["CustomersV3", "CustomerAccount"]],
  invoice: [
    ["CDSFreeTextInvoiceHeaders", "ExternalInvoiceId"],
    ["CDSFreeTextInvoiceLines", "ExternalInvoiceId"],
    ["FreeTextInvoiceHeaders", "InvoiceIdentifier"],
    ["SalesInvoiceHeadersV2", "InvoiceNumber"],
    ["CustTransBiEntities", "Voucher"],
  ],
  "credit-memo": [
    ["CDSFreeTextInvoiceHeaders", "ExternalInvoiceId"],
    ["CDSFreeTextInvoiceLines", "ExternalInvoiceId"],
    ["FreeTextInvoiceHeaders", "InvoiceIdentifier"],
    ["SalesInvoiceHeadersV2", "InvoiceNumber"],
  ],
  journal: [
    ["LedgerJournalHeaders", "JournalBatchNumber"],
    ["LedgerJournalLines", "JournalBatchNumber"],
  ],
};

/**
 * What is wrong with a connection: credentials, permissions, values of the mapping. Only reads, so that a role that may read but not write is not
 * found out; no entity tells which periods are open. Rejects where the environment is too busy to tell.
 */
export async function check(
  client: FinanceOperationsClient,
  kinds: readonly PostingKind[],
  references: MappedReferences,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const entities = new Map(kinds.flatMap((kind) => ENTITIES[kind]));
  return await askAll({
    parts: entities,
    ask: ([entity, field]) => readOne(client, entity, field, signal),
    further: [() => missingReferences(client, references, signal)],
    findingOf: (fault, part) => findingOf(fault, part?.[0]),
  });
}

async function readOne(
  client: FinanceOperationsClient,
  entity: string,
  field: string,
  signal: AbortSignal,
): Promise<void> {
  const query = { operation: "check", entity, filter: "", fields: [field], top: 1, signal };
  await queryPage(client, query, queryPath(query));
}

function findingOf({ kind, message }: ErpFault, entity: string | undefined): ConnectionFinding {
  if (kind === "authentication")
    return {
      problem: "credentials",
      message:
        "The credentials are refused: check tenant, client and secret, and that the client is listed under System administration > Setup > " +
        `Microsoft Entra applications (${message}).`,
    };
  if (kind === "permission")
    return {
      problem: "permission",
      message: `The application's user may not read ${entity === undefined ? "a list that the mapping names" : `the entity ${entity}`}: its role lacks the privilege (${message}).`,
    };
  if (kind === "mapping" && entity === undefined) return { problem: "mapping", message: `${message}.` };
  if (kind === "transient" || kind === "unknown")
    return { problem: "unreachable", message: `Finance & Operations does not answer (${message}).` };
  return { problem: "configuration", message: `Finance & Operations refuses a question (${message}).` };
}
