import { TributaryError } from "../../model/errors.ts";
import { storedDocumentRows, type StoredDocument } from "../../operators/invoice/billing-book.ts";
import type { InspectedPartition } from "../compose/inspection.ts";

/** A final document of the partitions in the state directory. */
export interface FoundInvoice {
  readonly partition: InspectedPartition;
  readonly stored: StoredDocument;
}

/**
 * The final document of a number. Throws `usage-invalid` where there is none, or where several legal entities have one of
 * that number and none is named.
 */
export function findInvoice(
  partitions: readonly InspectedPartition[],
  number: string,
  legalEntity: string | undefined,
): FoundInvoice {
  const found: FoundInvoice[] = [];
  for (const partition of partitions)
    for (const stored of storedDocumentRows(partition.store)) {
      const { document } = stored;
      const isOfEntity = legalEntity === undefined || document.legalEntity === legalEntity;
      if (document.number === number && isOfEntity) found.push({ partition, stored });
    }
  const [first, second] = found;
  if (first === undefined)
    throw new TributaryError(
      "usage-invalid",
      `There is no final document ${number} in the last checkpoints.`,
    );
  if (second === undefined) return first;
  const entities = found.map(({ stored }) => stored.document.legalEntity).sort();
  throw new TributaryError(
    "usage-invalid",
    `Several legal entities have a document ${number}: say --legal-entity ${entities.join(" or ")}.`,
  );
}
