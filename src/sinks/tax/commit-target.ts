import { TributaryError } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { OutboxEntry } from "../../model/outputs.ts";
import type { TaxCommitAnswer, TaxService, TaxTransaction } from "../../model/tax-service.ts";
import type { DeliveryTarget } from "../delivery-target.ts";
import type { ChunkLimits } from "../outbox-chunk.ts";

/** Documents whose records are committed side by side; the service bounds how many requests are under way. */
export const TAX_COMMIT_CHUNK: ChunkLimits = { entriesMax: 50, bytesMax: 4 * 1024 * 1024, lingerMs: 0 };

export interface TaxCommitRefusal {
  readonly document: string;
  readonly transaction: TaxTransaction;
  readonly code: string;
  readonly message: string;
}

export interface TaxCommitTargetOptions {
  /** Undefined where the worker has none: documents that need one stay in the outbox. */
  readonly service: TaxService | undefined;
  readonly faults: FaultInjector;
  /** Writes down that the service refuses for good; the document is not committed again afterwards. */
  readonly onRefused: (refusal: TaxCommitRefusal) => Promise<void>;
}

/**
 * Commits the records of final documents at the tax service that taxed them, and voids those of documents that were taken
 * back whole. Documents without one pass. Committing and voiding again is harmless, so a crash repeats it; the service can't tell cheaply what it has, so a lost state repeats all.
 */
export function taxCommitTarget(options: TaxCommitTargetOptions): DeliveryTarget {
  const { faults, onRefused } = options;
  /** Ordinals of a chunk that has failed in part: when it is tried again, these are done. */
  const done = new Set<number>();
  /** All are tried before a failure is told: one document must not keep the others from their commit. */
  const finishAll = async (service: TaxService, documents: readonly TaxedDocument[]): Promise<unknown[]> => {
    const outcomes = await Promise.allSettled(
      documents.map(async (document) => ({ document, answer: await finish(service, document) })),
    );
    const failures: unknown[] = [];
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") failures.push(outcome.reason);
      else {
        const { document, answer } = outcome.value;
        await tellRefusal(document, answer, onRefused);
        done.add(document.ordinal);
      }
    }
    return failures;
  };
  return {
    name: "tax-commit",
    channel: "document",
    provesDelivery: false,
    lastDelivered: () => Promise.resolve(0),
    async deliver(entries) {
      const wanted = entries.flatMap(taxedDocument).filter(({ ordinal }) => !done.has(ordinal));
      if (wanted.length === 0) return;
      const service = serviceOf(options);
      faults.reach("before-tax-commit");
      // What is voided is the record of an earlier document: its own commit comes first.
      const commits = wanted.filter(({ transaction }) => transaction.action !== "void");
      const failures = await finishAll(service, commits);
      if (failures.length === 0) {
        const voids = wanted.filter(({ transaction }) => transaction.action === "void");
        failures.push(...(await finishAll(service, voids)));
      }
      faults.reach("after-tax-commit-before-cursor");
      if (failures.length > 0) throw failures[0];
      done.clear();
    },
  };
}

interface TaxedDocument {
  readonly ordinal: number;
  readonly document: string;
  readonly transaction: TaxTransaction;
  readonly tax: string;
}

/** Whether a document has a record at a tax service. Most of most users have none: they are not parsed. */
export function isTaxedDocument({ body }: Pick<OutboxEntry, "body">): boolean {
  // Inside a text the quotes would be escaped.
  return body.includes('"taxTransaction":');
}

function taxedDocument(entry: OutboxEntry): TaxedDocument[] {
  const { ordinal, body } = entry;
  if (!isTaxedDocument(entry)) return [];
  const parsed: { readonly id: string; readonly tax: string; readonly taxTransaction?: TaxTransaction } =
    JSON.parse(body);
  return parsed.taxTransaction === undefined
    ? []
    : [{ ordinal, document: parsed.id, transaction: parsed.taxTransaction, tax: parsed.tax }];
}

/** Makes the record of a final document final, or voids that of the document which it takes back. */
function finish(service: TaxService, { transaction, tax }: TaxedDocument): Promise<TaxCommitAnswer> {
  return transaction.action === "void" ? service.void(transaction) : service.commit(transaction, tax);
}

function serviceOf({ service }: TaxCommitTargetOptions): TaxService {
  if (service !== undefined) return service;
  throw new TributaryError(
    "tax-service-missing",
    "Documents wait to be committed at a tax service that the configuration does not name.",
  );
}

async function tellRefusal(
  { document, transaction }: TaxedDocument,
  answer: TaxCommitAnswer,
  onRefused: TaxCommitTargetOptions["onRefused"],
): Promise<void> {
  if (answer.kind !== "refused") return;
  const { code, message } = answer;
  await onRefused({ document, transaction, code, message });
}
