import { compareDecimals } from "../common/decimals.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import { compareDocuments, describeDifferences } from "../../posting/compare-documents.ts";
import { sendBatch } from "./batch.ts";
import type { BusinessCentralClient } from "./client.ts";
import type { BusinessCentralPlan, JsonObject, SaleRequest } from "./plan.ts";
import {
  type ReadSale,
  readSales,
  saleSetOf,
  type SalesQuestion,
  salesOfPage,
  salesPath,
} from "./read-sales.ts";

type SalePlan = BusinessCentralPlan<SaleRequest>;

/** Refusals of a posting after which its draft is of no use: it would only wait for somebody to post it by hand. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set([
  "mapping",
  "validation",
  "permission",
  "period-closed",
  "version-conflict",
]);

/**
 * An invoice or credit memo: looked for, created as a draft with all its lines in one transaction, compared, posted, and read. Business Central keeps external document
 * numbers not unique, so each step begins with a look at all documents that bear ours: a draft that was begun is posted, never a second one made; and a draft is deleted
 * before another one takes its place. A posting that is asked for twice is refused the second time.
 */
export async function submitSale(
  client: BusinessCentralClient,
  plan: SalePlan,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const question: SalesQuestion = {
    operation: `look-up-${plan.kind}`,
    company: plan.request.company,
    kind: plan.kind,
    externalIds: [plan.externalId],
    signal,
  };
  const known = await readSales(client, question);
  const booked = await bookedSale(client, question, known);
  if (booked !== undefined) return booked;
  const appliesTo = await openInvoice(client, plan, signal);
  const draft =
    (await keptDraft(client, question, known, (sale) => isAsPlanned(plan, sale, appliesTo))) ??
    (await createDraft(client, plan, question, appliesTo));
  if (!("etag" in draft)) return draft;
  await postDraft(client, plan, question, draft);
  const posted = await bookedSale(client, question, await readSales(client, question));
  if (posted !== undefined) return posted;
  throw new ErpFault("unknown", "Business Central says that it has posted the document, and doesn't show it");
}

/** What is in the books already; drafts beside it are nobody's. */
async function bookedSale(
  client: BusinessCentralClient,
  question: SalesQuestion,
  sales: readonly ReadSale[],
): Promise<SubmitAnswer | undefined> {
  const posted = sales.find(({ isDraft }) => !isDraft);
  if (posted === undefined) return undefined;
  for (const draft of sales) if (draft.isDraft) await deleteDraft(client, question, draft);
  return { status: "confirmed", erp: posted.found.erp };
}

/** The first draft that fits; all others are deleted. */
async function keptDraft(
  client: BusinessCentralClient,
  question: SalesQuestion,
  drafts: readonly ReadSale[],
  fits: (draft: ReadSale) => boolean,
): Promise<ReadSale | undefined> {
  const kept = drafts.find(fits);
  for (const draft of drafts) if (draft !== kept) await deleteDraft(client, question, draft);
  return kept;
}

function isAsPlanned({ expected }: SalePlan, { found, appliesTo }: ReadSale, invoice: string): boolean {
  return compareDocuments(expected, found.document).length === 0 && appliesTo === invoice;
}

/** Creates the draft and looks at what is there, in one transaction. An answer where somebody has posted one meanwhile. */
async function createDraft(
  client: BusinessCentralClient,
  plan: SalePlan,
  question: SalesQuestion,
  appliesTo: string,
): Promise<ReadSale | SubmitAnswer> {
  const { company, header, lines } = plan.request;
  const { set, lines: linesName } = saleSetOf(plan.kind);
  const body: JsonObject = {
    ...header,
    ...(appliesTo !== "" && { invoiceNumber: appliesTo }),
    [linesName]: lines,
  };
  const answers = await sendBatch(
    client,
    [
      { method: "POST", path: `companies(${company})/${set}`, body },
      { method: "GET", path: salesPath(question) },
    ],
    { operation: `draft-${plan.kind}`, signal: question.signal },
  );
  const sales = await salesOfPage(client, answers[1], question);
  const booked = await bookedSale(client, question, sales);
  if (booked !== undefined) return booked;
  const draft = await keptDraft(client, question, sales, (sale) => isAsPlanned(plan, sale, appliesTo));
  if (draft !== undefined) return draft;
  const [first] = sales;
  const what =
    first === undefined
      ? "the draft does not show"
      : describeDifferences(compareDocuments(plan.expected, first.found.document));
  throw new ErpFault(
    first === undefined ? "unknown" : "validation",
    `Business Central would book something else, so nothing was posted: ${what}`,
    { code: "draft-differs" },
  );
}

async function postDraft(
  client: BusinessCentralClient,
  plan: SalePlan,
  question: SalesQuestion,
  draft: ReadSale,
): Promise<void> {
  const { set } = saleSetOf(plan.kind);
  try {
    await client.send({
      operation: `submit-${plan.kind}`,
      method: "POST",
      path: `companies(${question.company})/${set}(${draft.found.erp.id})/Microsoft.NAV.post`,
      effect: "write",
      signal: question.signal,
    });
  } catch (fault) {
    if (!(fault instanceof ErpFault)) throw fault;
    // A draft that is gone has been posted, or was deleted by somebody: the look that follows tells.
    if (NOT_THERE.has(fault.code ?? ""))
      throw new ErpFault("duplicate", fault.message, { code: fault.code, cause: fault });
    if (FINAL_REFUSALS.has(fault.kind)) await deleteQuietly(client, question, draft);
    throw fault;
  }
}

const NOT_THERE: ReadonlySet<string> = new Set(["Internal_RecordNotFound", "BadRequest_NotFound"]);

/** Rejects with `version-conflict` where the draft is not what was read: it may have been posted, and is looked for again. */
async function deleteDraft(
  client: BusinessCentralClient,
  { company, kind, signal }: SalesQuestion,
  { found, etag }: ReadSale,
): Promise<void> {
  try {
    await client.send({
      operation: `delete-${kind}`,
      method: "DELETE",
      path: `companies(${company})/${saleSetOf(kind).set}(${found.erp.id})`,
      effect: "write",
      headers: { "if-match": etag },
      signal,
    });
  } catch (fault) {
    if (fault instanceof ErpFault && NOT_THERE.has(fault.code ?? ""))
      throw new ErpFault("version-conflict", fault.message, { code: fault.code, cause: fault });
    throw fault;
  }
}

/** What stays behind is found and deleted when the document is submitted again, and told by the search for strays. */
async function deleteQuietly(
  client: BusinessCentralClient,
  question: SalesQuestion,
  draft: ReadSale,
): Promise<void> {
  try {
    await deleteDraft(client, question, { ...draft, etag: "*" });
  } catch (fault) {
    if (!(fault instanceof ErpFault)) throw fault;
  }
}

/**
 * Number of the posted invoice that a memo is applied to; "" where there is none, or nothing of it is open: the memo stays a credit of the customer then. Business Central
 * applies nothing to an entry of a later day.
 */
async function openInvoice(
  client: BusinessCentralClient,
  { request, expected }: SalePlan,
  signal: AbortSignal,
): Promise<string> {
  const { applyTo, company } = request;
  if (applyTo === null) return "";
  const invoices = await readSales(client, {
    operation: "look-up-invoice",
    company,
    kind: "invoice",
    externalIds: [applyTo.externalId],
    signal,
  });
  const invoice = invoices.find(({ isDraft }) => !isDraft)?.found;
  if (invoice === undefined) {
    if (!applyTo.mustExist) return "";
    throw new ErpFault(
      "validation",
      `the invoice that the memo corrects is not in Business Central (${applyTo.externalId})`,
      { code: "corrected-invoice-missing" },
    );
  }
  const isOpen = compareDecimals(invoice.payment?.openAmount ?? "0", "0") > 0;
  const isLater = (invoice.document.date ?? "") > (expected.date ?? "");
  return isOpen && !isLater ? (invoice.erp.number ?? "") : "";
}
