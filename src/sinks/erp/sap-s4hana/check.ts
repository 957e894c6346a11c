import type { MappedReferences, PostingKind } from "../../../model/posting.ts";
import { askAll } from "../common/connection-check.ts";
import type { ConnectionFinding, ErpFault } from "../erp-sink.ts";
import { BILLING_DOCUMENTS } from "./billing-requests/read-documents.ts";
import { BILLING_REQUESTS } from "./billing-requests/read-requests.ts";
import { missingReferences } from "./check-references.ts";
import type { SapClient } from "./client.ts";
import { BUSINESS_PARTNERS } from "./customers.ts";
import { ITEM_CUBE, ITEM_KEY } from "./item-cube.ts";
import { JOURNAL_ENTRY_PATH } from "./journal-message.ts";
import { queryPage } from "./odata.ts";
import type { PlanSettings } from "./plan.ts";

interface Part {
  /** Communication scenario that an arrangement is needed for. */
  readonly scenario: string;
  readonly title: string;
  readonly kinds: readonly PostingKind[];
  readonly ask: (client: SapClient, signal: AbortSignal) => Promise<unknown>;
}

const ONE_ROW = { operation: "check", filter: "", orderBy: [] } as const;
const ALL_KINDS: readonly PostingKind[] = ["customer", "invoice", "credit-memo", "journal"];
const SALES: readonly PostingKind[] = ["invoice", "credit-memo"];

/** The parts that every connection uses, and those for invoices and memos, as it sends them. */
function partsOf({ billing }: PlanSettings): readonly Part[] {
  const [postedBySoap, billed] =
    billing === null ? [[...SALES, "journal" as const], []] : [["journal" as const], SALES];
  return [
    {
      scenario: "SAP_COM_0002",
      title: "read journal entry items",
      kinds: ALL_KINDS,
      ask: (client, signal) =>
        queryPage(client, { ...ONE_ROW, entity: ITEM_CUBE, select: ITEM_KEY, signal }, 0, 1),
    },
    {
      scenario: "SAP_COM_0008",
      title: "use business partners",
      kinds: ["customer", "invoice", "credit-memo"],
      ask: (client, signal) =>
        queryPage(
          client,
          { ...ONE_ROW, entity: BUSINESS_PARTNERS, select: ["BusinessPartner"], signal },
          0,
          1,
        ),
    },
    {
      scenario: "SAP_COM_0002",
      title: "post journal entries",
      kinds: postedBySoap,
      ask: (client, signal) => askForDescription(client, JOURNAL_ENTRY_PATH, signal),
    },
    {
      scenario: "SAP_COM_0176",
      title: "read billing document requests",
      kinds: billed,
      ask: (client, signal) =>
        queryPage(
          client,
          { ...ONE_ROW, entity: BILLING_REQUESTS, select: ["BillingDocumentRequest"], signal },
          0,
          1,
        ),
    },
    {
      scenario: "SAP_COM_0176",
      title: "send billing document requests",
      kinds: billed,
      ask: (client, signal) => askForDescription(client, billing?.service.path ?? "", signal),
    },
    {
      scenario: "SAP_COM_0120",
      title: "read billing documents",
      kinds: billed,
      ask: (client, signal) =>
        queryPage(
          client,
          { ...ONE_ROW, entity: BILLING_DOCUMENTS, select: ["BillingDocument"], signal },
          0,
          1,
        ),
    },
  ];
}

/** The description of a SOAP service: who may not use the service may not read it. */
function askForDescription(client: SapClient, path: string, signal: AbortSignal): Promise<unknown> {
  return client.send({
    operation: "check",
    method: "GET",
    path: `${path}?wsdl`,
    effect: "read",
    headers: { accept: "text/xml" },
    signal,
  });
}

/**
 * What is wrong with a connection: credentials, permissions, keys of the mapping. Only reads. Which posting periods are open can't be asked for: SAP has no
 * service that tells. Rejects where SAP is too busy to tell.
 */
export async function check(
  client: SapClient,
  kinds: readonly PostingKind[],
  { references, settings }: { readonly references: MappedReferences; readonly settings: PlanSettings },
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  return await askAll({
    parts: partsOf(settings).filter((part) => part.kinds.some((kind) => kinds.includes(kind))),
    ask: (part) => part.ask(client, signal),
    further: [() => missingReferences(client, references, settings.billing !== null, signal)],
    findingOf,
  });
}

function findingOf({ kind, message }: ErpFault, part: Part | undefined): ConnectionFinding {
  if (kind === "authentication")
    return {
      problem: "credentials",
      message: `SAP refuses the credentials: check the communication user, its password, client or certificate (${message}).`,
    };
  if (kind === "permission" && part !== undefined)
    return {
      problem: "permission",
      message: `The communication user may not ${part.title}: it needs an arrangement for the scenario ${part.scenario} (${message}).`,
    };
  if (kind === "transient" || kind === "unknown")
    return { problem: "unreachable", message: `SAP does not answer (${message}).` };
  return { problem: "configuration", message: `SAP refuses a question (${message}).` };
}
