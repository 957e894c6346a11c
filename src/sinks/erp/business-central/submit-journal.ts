import { z } from "zod";
import { isJsonNumber } from "../../../model/decimal.ts";
import { isSameDecimal } from "../common/decimals.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import { sendBatch } from "./batch.ts";
import type { BusinessCentralClient } from "./client.ts";
import { isOneOf, parsed, readAll } from "./odata.ts";
import type { BusinessCentralPlan, JournalRequest } from "./plan.ts";
import { readJournals } from "./read-journals.ts";

type JournalPlan = BusinessCentralPlan<JournalRequest>;

const lineSchema = z.looseObject({
  accountNumber: z.string(),
  postingDate: z.string(),
  documentNumber: z.string(),
  amount: z.string().refine(isJsonNumber, "must be a number"),
});
const batchSchema = z.looseObject({
  "@odata.etag": z.string().optional(),
  id: z.string(),
  code: z.string(),
  journalLines: z.array(lineSchema).optional(),
});
const createdSchema = z.looseObject({ id: z.string() });
type BatchRow = z.output<typeof batchSchema>;

/** Refusals of a posting after which its lines are of no use. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set(["mapping", "validation", "permission", "period-closed"]);

/**
 * A journal: its lines in a batch of their own, created in one transaction and then posted, which takes the lines out of the batch. Ledger entries with the journal's number tell
 * that it was; lines in the batch that it wasn't, so that a posting whose answer was lost is never done twice.
 */
export async function submitJournal(
  client: BusinessCentralClient,
  plan: JournalPlan,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const { company } = plan.request;
  if (await isPosted(client, plan, signal)) return confirmed(plan);
  const known = await keptBatch(client, plan, signal);
  const id = known?.id ?? (await createBatch(client, plan, signal));
  try {
    await client.send({
      operation: "submit-journal",
      method: "POST",
      path: `companies(${company})/journals(${id})/Microsoft.NAV.post`,
      effect: "write",
      signal,
    });
  } catch (fault) {
    if (fault instanceof ErpFault && FINAL_REFUSALS.has(fault.kind))
      await deleteQuietly(client, plan, id, signal);
    throw fault;
  }
  if (!(await isPosted(client, plan, signal)))
    throw new ErpFault(
      "unknown",
      "Business Central says that it has posted the journal, and doesn't show it",
    );
  // An empty batch harms nobody, but each journal would leave one.
  await deleteQuietly(client, plan, id, signal);
  return confirmed(plan);
}

function confirmed({ externalId }: JournalPlan): SubmitAnswer {
  return { status: "confirmed", erp: { id: externalId, number: externalId } };
}

async function isPosted(
  client: BusinessCentralClient,
  { request, externalId }: JournalPlan,
  signal: AbortSignal,
): Promise<boolean> {
  const question = { operation: "look-up-journal", signal };
  return (await readJournals(client, request.company, [externalId], question)).length > 0;
}

/** The journal's batch as it was left, with all its lines; one that has others, or lacks some, is deleted. */
async function keptBatch(
  client: BusinessCentralClient,
  plan: JournalPlan,
  signal: AbortSignal,
): Promise<BatchRow | undefined> {
  const { company, code } = plan.request;
  const batches = await readAll(
    client,
    {
      operation: "look-up-journal",
      path: `companies(${company})/journals`,
      filter: isOneOf("code", [code]),
      expand: "journalLines",
      signal,
    },
    batchSchema,
  );
  const [batch] = batches;
  if (batch === undefined) return undefined;
  const lines = batch.journalLines ?? [];
  if (lines.some(({ documentNumber }) => documentNumber !== plan.externalId))
    throw new ErpFault(
      "validation",
      `the journal batch ${code} of Business Central holds lines of another document`,
      { code: "journal-batch-taken" },
    );
  if (isAsPlanned(plan, lines)) return batch;
  await deleteBatch(client, plan, batch.id, signal);
  return undefined;
}

function isAsPlanned({ expected }: JournalPlan, lines: NonNullable<BatchRow["journalLines"]>): boolean {
  return (
    lines.length === expected.lines.length &&
    expected.lines.every(({ reference, amount }, index) => {
      const line = lines[index];
      return (
        line?.accountNumber === reference &&
        line.postingDate === expected.date &&
        isSameDecimal(line.amount, amount)
      );
    })
  );
}

async function createBatch(
  client: BusinessCentralClient,
  { request }: JournalPlan,
  signal: AbortSignal,
): Promise<string> {
  const { company, code, displayName, lines } = request;
  const [created] = await sendBatch(
    client,
    [
      {
        method: "POST",
        path: `companies(${company})/journals`,
        body: { code, displayName, journalLines: lines },
      },
    ],
    { operation: "draft-journal", signal },
  );
  return parsed(createdSchema, created).id;
}

async function deleteBatch(
  client: BusinessCentralClient,
  { request }: JournalPlan,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await client.send({
    operation: "delete-journal",
    method: "DELETE",
    path: `companies(${request.company})/journals(${id})`,
    effect: "write",
    headers: { "if-match": "*" },
    signal,
  });
}

/** A batch that stays behind is found when the journal is submitted again. */
async function deleteQuietly(
  client: BusinessCentralClient,
  plan: JournalPlan,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await deleteBatch(client, plan, id, signal);
  } catch (fault) {
    if (!(fault instanceof ErpFault)) throw fault;
  }
}
