import type { GapAcceptedRecord, PlacedControlRecord } from "../model/control.ts";
import type { LogMessage } from "../model/log.ts";
import type { MessageCounts, ParkedEvent, RegionCounts } from "../model/outputs.ts";
import type {
  CheckpointChanges,
  CheckpointParticipant,
  PartitionStore,
  Position,
  StateRow,
} from "../model/store.ts";
import { TributaryError } from "../model/errors.ts";
import { runWhole, SliceBudget, type SlicedWork } from "../model/sliced-work.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import { deduplicate } from "../operators/deduplicate/deduplicate.ts";
import { KeyTable } from "../operators/deduplicate/key-table.ts";
import { enrich, unparkedItem } from "../operators/enrich.ts";
import type { StoredDocument } from "../operators/invoice/billing-book.ts";
import { invoice, InvoiceStage } from "../operators/invoice/invoice-stage.ts";
import { Journal } from "../operators/journal.ts";
import { ManifestLedger } from "../operators/producers/manifest-ledger.ts";
import { ProducerTable } from "../operators/producers/producer-table.ts";
import { takeNumbers } from "../operators/producers/take-numbers.ts";
import { posting, PostingStage } from "../operators/posting/posting-stage.ts";
import { Rater } from "../operators/rate/rate-operator.ts";
import { CloseExplanations } from "../operators/close/explanations.ts";
import { Rejections } from "../operators/rejections.ts";
import { OperatorRequests } from "../operators/requests/operator-requests.ts";
import { SeriesTable } from "../operators/series-table.ts";
import { settle } from "../operators/settle.ts";
import { sortInSlices } from "../operators/slices/sort-in-slices.ts";
import { emptyTargets, type MeterTargets, restartedTargets, usageItem } from "../operators/stage.ts";
import { validate } from "../operators/validate.ts";
import { UsageWatch } from "../operators/watch/usage-watch.ts";
import { CellTable } from "../operators/window/cell-table.ts";
import { EventCharges } from "../operators/window/event-charges.ts";
import { MeterTotals } from "../operators/window/meter-totals.ts";
import { WindowArchive } from "../operators/window/window-archive.ts";
import { window, WindowStage } from "../operators/window/window-stage.ts";
import { refuseIncompatible } from "./compatible-catalog.ts";
import { runsOf } from "./manifest-runs.ts";
import { frozenPart, rowsOf } from "./frozen-rows.ts";
import { bytesOfHex, type AcceptedGap } from "./accepted-gaps.ts";
import type { PartitionEngineOptions } from "./engine-options.ts";
import { EngineSteps } from "./engine-steps.ts";
import { fingerprint, NO_POSITION } from "./positions.ts";
import { AboutRows, storedAbout } from "./stored-about.ts";

/** Parked events that come in again as one run: some milliseconds. */
const PARKED_PER_RUN = 1_000;

/**
 * The partition's state machine: a pure function of the two logs, without clock, I/O or randomness; the live pipeline,
 * `simulate` and the tests drive the same code.
 *
 * What falls due at one place of the logs may be much: a month's end is an event at which all windows of a partition
 * complete. So a step forward is work in slices. The engine is at a position, or between two: then it takes nothing else
 * up, gives no checkpoint, and its figures are not of one moment.
 */
export class PartitionEngine {
  readonly series = new SeriesTable();
  readonly cells: CellTable;
  readonly keys: KeyTable;
  readonly producers = new ProducerTable();
  readonly manifests = new ManifestLedger();
  readonly rater = new Rater((charged) => {
    this.watch.charged(charged);
    this.invoices.charged(charged);
  });
  readonly archive = new WindowArchive();
  readonly totals = new MeterTotals();
  readonly journal = new Journal();
  readonly eventCharges = new EventCharges();
  readonly watch = new UsageWatch(this.series, this.journal);
  readonly windows: WindowStage;
  readonly postings: PostingStage;
  readonly invoices: InvoiceStage;
  readonly requests = new OperatorRequests();
  readonly explanations = new CloseExplanations();
  readonly rejections = new Rejections();
  readonly #options: PartitionEngineOptions;
  readonly #steps: EngineSteps;
  /** Of its work's slices. */
  readonly budget: SliceBudget;
  readonly #participants: readonly CheckpointParticipant[];
  #catalog: CompiledCatalog | undefined;
  #position: Position = NO_POSITION;
  #lastMessage: LogMessage | undefined;
  /** Serves run after run: what a run adds to which series is read by its operators alone. */
  #targets: MeterTargets = emptyTargets(0);
  readonly #about: AboutRows;
  #gaps: readonly AcceptedGap[] = [];
  #gapsChanged = false;
  #controlRepaired = false;

  constructor(options: PartitionEngineOptions) {
    this.#options = options;
    const { partition, partitionCount, decoder, budget = new SliceBudget() } = options;
    this.budget = budget;
    this.#about = new AboutRows(options.hashKey);
    this.cells = new CellTable({ windowMs: options.settings.cellMs });
    this.keys = new KeyTable({
      horizonMs: options.settings.dedupeHorizonMs,
      segments: options.segments,
      sealing: options.sealing,
    });
    const { series, cells, keys, producers, manifests } = this;
    const { rater, archive, totals, journal, watch, eventCharges } = this;
    const outputs = { journal, archive, totals, watch, eventCharges };
    this.windows = new WindowStage({ series, cells, rater, decoder, budget, ...outputs });
    const processedMs = (): number => this.windows.processedMs;
    this.postings = new PostingStage({
      partition,
      journal,
      descriptions: options.erpDescriptions ?? [],
      processedMs,
      receivableOf: (legalEntity, currency) => this.invoices.book.totals.receivable(legalEntity, currency),
    });
    const { postings } = this;
    const billing = { partition, partitionCount, rater, journal, processedMs, budget };
    this.invoices = new InvoiceStage({ ...billing, observer: postings.observer });
    const { windows, invoices, rejections } = this;
    this.#participants = [
      series,
      cells,
      keys,
      producers,
      manifests,
      rater,
      archive,
      totals,
      watch,
      eventCharges,
      windows,
      invoices,
      invoices.corrections,
      postings.book,
      rejections,
      this.requests,
      this.explanations,
    ];
    this.#steps = new EngineSteps(budget, (items, slices) =>
      items.pipe(
        takeNumbers(producers, manifests),
        validate(partition, partitionCount),
        deduplicate(keys),
        enrich(series),
        window(windows, slices),
        posting(postings),
        invoice(invoices, slices),
        settle({ partition, partitionCount, decoder, journal, rejections }),
      ),
    );
  }

  get partitionCount(): number {
    return this.#options.partitionCount;
  }

  get position(): Position {
    return this.#position;
  }

  get catalog(): CompiledCatalog | undefined {
    return this.#catalog;
  }

  /** Gaps of the usage log that operators accepted, in order. */
  get gaps(): readonly AcceptedGap[] {
    return this.#gaps;
  }

  /** Whether work at a place of the logs is not done: see `processInSlices`. */
  get isBetweenPositions(): boolean {
    return this.#steps.isUnderWay;
  }

  get watermarkMs(): number {
    return this.windows.watermarkMs;
  }

  regionCounts(): RegionCounts[] {
    return this.journal.regionCounts();
  }

  messageCounts(): MessageCounts {
    return this.journal.messageCounts();
  }

  /** Takes up the stored checkpoint; `catalog` is the version in effect at it. */
  restore(
    store: Pick<PartitionStore, "load" | "rows" | "spaces">,
    catalog: CompiledCatalog | undefined,
  ): void {
    runWhole(this.restoreInSlices(store, catalog));
  }

  /** The same in slices. */
  restoreInSlices(...args: Parameters<PartitionEngine["restore"]>): SlicedWork {
    return this.#steps.take(this.#restore(...args));
  }

  *#restore(...[store, catalog]: Parameters<PartitionEngine["restore"]>): SlicedWork {
    const stored = store.load();
    if (stored === undefined) return;
    this.#position = stored.position;
    for (const participant of this.#participants) {
      if (participant.restoreInSlices === undefined) participant.restore(store);
      else yield* participant.restoreInSlices(store, this.budget);
      yield;
    }
    this.journal.restore(stored.lastOrdinals, stored.regionCounts, stored.messageCounts);
    const about = storedAbout(store);
    if (about.hashKey !== undefined && about.hashKey !== this.#options.hashKey) {
      throw new TributaryError("state-mismatch", "The state was made with another key of the event-id hash.");
    }
    this.#about.restore(about);
    this.#gaps = about.gaps;
    if (catalog === undefined) return;
    // The catalog in effect at the checkpoint reaches the operators as a record that has been applied before.
    this.#catalog = catalog;
    const record = {
      kind: "catalog",
      version: catalog.version,
      appliesAfter: stored.position.usageSequence,
      decidedAt: "",
    } as const;
    const placed = { sequence: stored.position.controlSequence, record };
    yield* this.#steps.push({ kind: "control", placed, catalog });
  }

  /** Binds the state to the two streams' incarnations. */
  bind(usageCreatedAt: string, controlCreatedAt: string): void {
    this.#position = { ...this.#position, usageCreatedAt, controlCreatedAt };
  }

  /** Processes messages that follow the position without a hole. */
  process(messages: readonly LogMessage[]): void {
    runWhole(this.processInSlices(messages));
  }

  /** The same in slices. The position moves when all of them are done. */
  processInSlices(messages: readonly LogMessage[]): SlicedWork {
    return this.#steps.take(this.#process(messages));
  }

  *#process(messages: readonly LogMessage[]): SlicedWork {
    const last = messages.at(-1);
    if (last === undefined) return;
    let expected = this.#position.usageSequence;
    for (const message of messages) {
      expected++;
      if (message.sequence === expected) continue;
      throw new TributaryError(
        "sequence-hole",
        `Expected usage sequence ${expected}, got ${message.sequence}.`,
        {
          details: { expected, got: message.sequence },
        },
      );
    }
    for (const run of runsOf(messages)) yield* this.#processRun(run);
    this.#position = { ...this.#position, usageSequence: last.sequence };
    this.#lastMessage = last;
  }

  *#processRun(messages: readonly LogMessage[]): SlicedWork {
    const run = this.#options.decoder.decode(messages);
    this.journal.countMessages(messages.length, run.undecodable.length, run.probes);
    this.#targets = restartedTargets(this.#targets, run.batch.count);
    yield* this.#steps.push(usageItem(run, false, this.#targets));
  }

  /**
   * Applies a control record at the position. `catalog` comes with a record of kind `catalog`, together with what is
   * parked in the store (the caller has committed before); `document` with one that corrects an invoice (see
   * `correctedDocument`); `stored` is the state of the last commit, which records that queue documents again read.
   */
  apply(
    placed: PlacedControlRecord,
    data: Uint8Array,
    catalog: CompiledCatalog | undefined,
    parked: readonly ParkedEvent[],
    document?: StoredDocument,
    stored?: Pick<PartitionStore, "row">,
  ): void {
    runWhole(this.applyInSlices(placed, data, catalog, parked, document, stored));
  }

  /** The same in slices. */
  applyInSlices(...args: Parameters<PartitionEngine["apply"]>): SlicedWork {
    return this.#steps.take(this.#apply(...args));
  }

  *#apply(
    ...[placed, data, catalog, parked, document, stored]: Parameters<PartitionEngine["apply"]>
  ): SlicedWork {
    const { record } = placed;
    if (record.appliesAfter !== this.#position.usageSequence) {
      throw new TributaryError(
        "control-record-misplaced",
        `Control record ${placed.sequence} applies after usage ${record.appliesAfter}, the position is ${this.#position.usageSequence}.`,
      );
    }
    if (record.kind === "gap-accepted") {
      this.#skipGap(record);
      if (placed.sequence <= this.#position.controlSequence) this.#controlRepaired = true;
    }
    if (catalog === undefined) yield* this.#steps.push({ kind: "control", placed, document, stored });
    else {
      yield* refuseIncompatible(this.#catalog, catalog, this.budget);
      this.#catalog = catalog;
      yield* this.#steps.push({ kind: "control", placed, catalog, stored });
      yield* this.#retryParked(parked);
    }
    if (record.kind === "close-explanation") this.explanations.explain(record);
    const { sequence } = placed;
    const fingerprint = this.#options.sha256(data);
    // A runner's results are told apart by its log's sequences, and there are too many to remember.
    if ("request" in record && record.request !== undefined && record.kind !== "posting-result")
      this.requests.decided(record.request, { sequence, fingerprint });
    this.#position = { ...this.#position, controlSequence: sequence, controlFingerprint: fingerprint };
  }

  /** Everything since the last call (of this or of `freeze`), as one checkpoint. */
  collect(): CheckpointChanges & { readonly rows: readonly StateRow[] } {
    const frozen = this.freeze();
    const rows: StateRow[] = [];
    for (const { space, key, value } of frozen.rows) rows.push({ space, key, value: value?.slice() ?? null });
    return { ...frozen, rows };
  }

  /**
   * The same, with rows that are made as they are asked for and tell the state as it is now, also when messages are
   * processed meanwhile. All rows must have been asked for before the next call.
   */
  freeze(): CheckpointChanges {
    this.#steps.requirePosition("A checkpoint began");
    const parts: Iterable<StateRow>[] = [];
    const clearedSpaces: string[] = [];
    for (const participant of this.#participants) parts.push(frozenPart(participant, clearedSpaces));
    const rows: StateRow[] = [];
    parts.push(rows);
    rows.push(...this.#about.changed(this.#catalog?.version, this.#gapsChanged ? this.#gaps : undefined));
    this.#gapsChanged = false;
    if (this.#lastMessage !== undefined) {
      this.#position = {
        ...this.#position,
        usageFingerprint: fingerprint(this.#lastMessage, this.#options.sha256),
      };
      this.#lastMessage = undefined;
    }
    const controlRepaired = this.#controlRepaired;
    this.#controlRepaired = false;
    return {
      position: this.#position,
      ...(controlRepaired ? { controlRepaired } : {}),
      regionCounts: this.journal.regionCounts(),
      messageCounts: this.journal.messageCounts(),
      rows: rowsOf(parts),
      clearedSpaces,
      ...this.journal.take(),
    };
  }

  #skipGap(record: GapAcceptedRecord): void {
    const { resumeAt, lostMessages } = record;
    if (lostMessages < 0 || resumeAt - 1 - lostMessages !== this.#position.usageSequence) {
      throw new TributaryError(
        "control-record-misplaced",
        `An accepted gap of ${lostMessages} messages does not lead from ${this.#position.usageSequence} to ${resumeAt}.`,
      );
    }
    this.#lastMessage = undefined;
    this.#position = {
      ...this.#position,
      usageSequence: resumeAt - 1,
      usageFingerprint: bytesOfHex(record.fingerprint),
    };
    const { numberingOffset, actor, reason, decidedAt } = record;
    this.#gaps = [...this.#gaps, { resumeAt, lostMessages, numberingOffset, actor, reason, decidedAt }];
    this.#gapsChanged = true;
  }

  /** What is parked comes in again behind a catalog, in log order. */
  *#retryParked(parked: readonly ParkedEvent[]): SlicedWork {
    const { partition, decoder } = this.#options;
    const byPlace = (a: ParkedEvent, b: ParkedEvent): number => a.sequence - b.sequence || a.index - b.index;
    const ordered = yield* sortInSlices(parked, byPlace, this.budget);
    for (let from = 0; from < ordered.length; from += PARKED_PER_RUN) {
      yield* this.#steps.push(unparkedItem(ordered.slice(from, from + PARKED_PER_RUN), partition, decoder));
      yield;
    }
  }
}
