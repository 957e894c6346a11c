import type { MappedReferences, PostingKind } from "../../../model/posting.ts";
import { askAll } from "../common/connection-check.ts";
import type { ConnectionFinding, ErpFault } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import { missingReferences } from "./check-references.ts";
import { RECORD_TYPES } from "./plan.ts";
import { RECORD_ROOT } from "./record-requests.ts";

/** What a role needs for each kind of document, as NetSuite's permission lists call it. */
const PERMISSIONS: Readonly<Record<PostingKind, string>> = {
  customer: "Lists > Customers",
  invoice: "Transactions > Invoice",
  "credit-memo": "Transactions > Credit Memo",
  journal: "Transactions > Make Journal Entry",
};

/**
 * What is wrong with a connection: credentials, permissions, ids of the mapping. Only reads, so that a role that may read but not write is not
 * found out. Rejects where NetSuite is too busy to tell.
 */
export async function check(
  client: NetsuiteClient,
  kinds: readonly PostingKind[],
  references: MappedReferences,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  return await askAll({
    parts: kinds,
    ask: (kind) => listOne(client, kind, signal),
    further: [() => missingReferences(client, references, signal)],
    findingOf,
  });
}

async function listOne(client: NetsuiteClient, kind: PostingKind, signal: AbortSignal): Promise<void> {
  await client.send({
    operation: "check",
    method: "GET",
    path: `${RECORD_ROOT}/${RECORD_TYPES[kind]}?limit=1`,
    effect: "read",
    headers: { accept: "application/vnd.oracle.resource+json; type=collection" },
    signal,
  });
}

function findingOf({ kind, message }: ErpFault, posted: PostingKind | undefined): ConnectionFinding {
  if (kind === "authentication")
    return {
      problem: "credentials",
      message: `NetSuite refuses the credentials: check account, keys and tokens, and that the role may log in (${message}).`,
    };
  if (kind === "permission")
    return {
      problem: "permission",
      message:
        posted === undefined
          ? `The role may not ask questions: it needs "Reports > SuiteAnalytics Workbook" (${message}).`
          : `The role may not use documents of the kind ${posted}: it needs "${PERMISSIONS[posted]}" with the level Full (${message}).`,
    };
  if (kind === "transient" || kind === "unknown")
    return { problem: "unreachable", message: `NetSuite does not answer (${message}).` };
  return { problem: "configuration", message: `NetSuite refuses a question (${message}).` };
}
