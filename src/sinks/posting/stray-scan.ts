import { POSTING_SCHEMA_VERSION, type ErpReference, type StrayRecord } from "../../model/posting.ts";
import { ErpFault } from "../erp/erp-sink.ts";
import type { RequestSlot } from "./erp-requests.ts";
import type { UnchainedRecord } from "./posting-chain.ts";
import type { PostingDesk } from "./posting-desk.ts";

type Page = readonly { readonly externalId: string; readonly erp: ErpReference }[];

const DAY_MS = 24 * 60 * 60_000;
/** A scan that failed begins again after this. */
const RETRY_MS = 10 * 60_000;

/**
 * Looks through what the ERP has under this system's prefix for what nobody here knows, and for second documents under one key: what
 * HTTP can't promise, and what somebody has made by hand. A page is a request; nothing is kept of a page but what it finds.
 */
export class StrayScan {
  readonly #desk: PostingDesk;
  readonly #intervalMs: number;
  readonly #lookBackDays: number;
  #pages: AsyncIterator<Page> | undefined;
  #nextMs: number;

  constructor(desk: PostingDesk, options: { readonly intervalMs: number; readonly lookBackDays: number }) {
    this.#desk = desk;
    this.#intervalMs = options.intervalMs;
    this.#lookBackDays = options.lookBackDays;
    this.#nextMs = desk.clock.nowMs() + options.intervalMs;
  }

  /** When the next page is wanted, milliseconds since the epoch. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Reads one page. */
  async step(slot: RequestSlot): Promise<void> {
    const desk = this.#desk;
    const outcome = await desk.requests.send(slot, 1, (context) => this.#nextPage(context.signal));
    const nowMs = desk.clock.nowMs();
    switch (outcome.kind) {
      case "not-sent":
        this.#nextMs = nowMs;
        return;
      case "fault":
        this.#pages = undefined;
        this.#nextMs = nowMs + RETRY_MS;
        return;
      case "answered":
        if (outcome.answer === undefined) {
          this.#pages = undefined;
          this.#nextMs = nowMs + this.#intervalMs;
        } else {
          this.#nextMs = nowMs;
          await desk.take([], this.#findings(outcome.answer));
        }
    }
  }

  /** The next page, undefined at the end. */
  async #nextPage(signal: AbortSignal): Promise<Page | undefined> {
    const desk = this.#desk;
    const since = new Date(desk.clock.nowMs() - this.#lookBackDays * DAY_MS).toISOString().slice(0, 10);
    this.#pages ??= desk.sink.scan(since, { signal, attempt: 1 })[Symbol.asyncIterator]();
    const { done, value } = await this.#pages.next();
    if (signal.aborted) throw new ErpFault("unknown", "The scan was ended.");
    return done === true ? undefined : value;
  }

  #findings(page: Page): UnchainedRecord[] {
    const { store } = this.#desk;
    const { nowMs, epoch } = this.#desk.stamp();
    const records: UnchainedRecord[] = [];
    const seen = new Set<string>();
    for (const { externalId, erp } of page) {
      const finding = this.#finding(externalId, erp);
      if (finding === undefined || seen.has(externalId)) continue;
      if (store.isStrayKnown(finding.finding, finding.key)) continue;
      seen.add(externalId);
      records.push({
        schemaVersion: POSTING_SCHEMA_VERSION,
        kind: "stray",
        at: new Date(nowMs).toISOString(),
        epoch,
        ...finding,
      });
    }
    return records;
  }

  #finding(externalId: string, erp: ErpReference): Pick<StrayRecord, "finding" | "key" | "erp"> | undefined {
    const { store } = this.#desk;
    const keys = store.keysOfExternalId(externalId);
    const documents = keys.flatMap((key) => store.document(key) ?? []);
    const isOurs = documents.some(({ state }) => state !== "cancelled");
    if (!isOurs) return { finding: "unknown-document", key: externalId, erp: [erp] };
    const known = documents.find((document) => document.erp !== null);
    // One whose outcome is still to be told has no id yet: the look that is due will find all of it.
    if (known?.erp === undefined || known.erp === null) return undefined;
    if (documents.some((document) => document.erp?.id === erp.id)) return undefined;
    return { finding: "duplicate-document", key: known.key, erp: [known.erp, erp] };
  }
}
