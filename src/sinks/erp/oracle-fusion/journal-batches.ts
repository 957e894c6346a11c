import { z } from "zod";
import { isJsonNumber } from "../../../model/decimal.ts";
import { differenceOfDecimals, sumOfDecimals } from "../common/decimals.ts";
import { ErpFault, type FoundDocument } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import type { JournalPlan } from "./plan.ts";
import { childSchema, FINANCIALS, parsed, quoted, readAll } from "./resources.ts";

/** Journal batches. Their names begin with what we gave the import, and go on with source and number of the import. */

export const JOURNAL_BATCHES = `${FINANCIALS}/journalBatches`;

const amount = z.string().refine(isJsonNumber, "must be a number").nullish();
const text = z.string().nullish();
export const batchHeadSchema = z.looseObject({ JeBatchId: z.string(), BatchName: z.string() });
const batchSchema = batchHeadSchema.extend({ BatchDescription: text, journalHeaders: childSchema });
const headerSchema = z.looseObject({
  CurrencyCode: text,
  DefaultEffectiveDate: text,
  journalLines: childSchema,
});
const lineSchema = z.looseObject({ AccountCombination: z.string(), EnteredDr: amount, EnteredCr: amount });

/** What a batch's name begins with: our external id, which has no blanks. */
export function externalIdOfBatch(batchName: string): string {
  return batchName.split(" ", 1)[0] ?? "";
}

/** All batches of a journal's external id, with their lines. */
export async function findJournals(
  client: OracleClient,
  plan: JournalPlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const items = await readAll(client, {
    operation: "read-journals",
    path: JOURNAL_BATCHES,
    q: `BatchName LIKE ${quoted(`${plan.externalId}%`)}`,
    parameters: { expand: "journalHeaders.journalLines", orderBy: "JeBatchId:asc" },
    signal,
  });
  const found: FoundDocument[] = [];
  for (const item of items) {
    const batch = parsed(batchSchema, item, "journal batch");
    // The pattern also matches longer ids, and its "_" stands for any character.
    if (externalIdOfBatch(batch.BatchName) === plan.externalId)
      found.push(await foundJournal(client, batch, plan, signal));
  }
  return found;
}

async function foundJournal(
  client: OracleClient,
  batch: z.output<typeof batchSchema>,
  plan: JournalPlan,
  signal: AbortSignal,
): Promise<FoundDocument> {
  const { journalHeaders } = batch;
  if (journalHeaders === null || journalHeaders === undefined || journalHeaders.hasMore)
    throw new ErpFault("validation", `Oracle shows only a part of the batch ${batch.BatchName}`);
  const headers = journalHeaders.items.map((item) => parsed(headerSchema, item, "journal"));
  const lines: z.output<typeof lineSchema>[] = [];
  for (const { journalLines } of headers)
    lines.push(...(await linesOf(client, batch.JeBatchId, headers.length, journalLines, signal)));
  const one = (values: readonly (string | null | undefined)[]): string =>
    [...new Set(values.map((value) => value ?? ""))].join(", ");
  const isOurs = isOfKey(batch.BatchDescription ?? "", plan.request.fullKey);
  return {
    erp: { id: batch.JeBatchId, number: batch.BatchName },
    externalId: plan.externalId,
    document: {
      customer: null,
      legalEntity: isOurs ? null : `a batch described as ${(batch.BatchDescription ?? "").slice(0, 100)}`,
      currency: one(headers.map(({ CurrencyCode }) => CurrencyCode)),
      date: one(
        headers.map(({ DefaultEffectiveDate }) => DefaultEffectiveDate?.slice(0, "YYYY-MM-DD".length)),
      ),
      total: sumOfDecimals(lines.flatMap(({ EnteredDr }) => EnteredDr ?? [])),
      tax: null,
      lines: lines.map(({ AccountCombination, EnteredDr, EnteredCr }) => ({
        reference: AccountCombination,
        amount: differenceOfDecimals(EnteredDr ?? "0", EnteredCr ?? "0"),
      })),
    },
    payment: null,
  };
}

/** External ids may be shortened: the description has the whole key. */
function isOfKey(description: string, fullKey: string): boolean {
  return description === fullKey || description.startsWith(`${fullKey}:`);
}

async function linesOf(
  client: OracleClient,
  batchId: string,
  headers: number,
  child: z.output<typeof childSchema>,
  signal: AbortSignal,
): Promise<readonly z.output<typeof lineSchema>[]> {
  const all =
    child !== null && child !== undefined && !child.hasMore
      ? child.items
      : await pagedLines(client, batchId, headers, signal);
  return all.map((item) => parsed(lineSchema, item, "journal's line"));
}

const linkedHeaderSchema = z.looseObject({
  links: z.array(z.looseObject({ rel: z.string(), href: z.string() })),
});

/** Lines that did not all come with their header. The header's address holds a hash that only Oracle knows, so it is asked for. */
async function pagedLines(
  client: OracleClient,
  batchId: string,
  headers: number,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const path = `${JOURNAL_BATCHES}/${batchId}/child/journalHeaders`;
  const body = await client.rest({ operation: "read-journals", method: "GET", path, signal });
  const list = parsed(z.looseObject({ items: z.array(linkedHeaderSchema) }), body, "list of journals");
  const self = list.items[0]?.links.find(({ rel }) => rel === "self")?.href ?? "";
  const address = /\/journalHeaders\/([^/?]+)$/.exec(self)?.[1];
  if (headers !== 1 || address === undefined)
    throw new ErpFault("validation", "Oracle shows only a part of the journal's lines");
  return readAll(client, {
    operation: "read-journals",
    path: `${path}/${address}/child/journalLines`,
    parameters: { orderBy: "JeLineNumber:asc" },
    signal,
  });
}
