import type { Command } from "commander";
import { z } from "zod";
import type { CompiledMeter } from "../../billing/catalog/compiled.ts";
import type { EventBatch } from "../../model/event-batch.ts";
import { KeyHasher } from "../../model/hash.ts";
import { RETRACTION_TYPE } from "../../model/content-types.ts";
import { partitionOf } from "../../model/partition.ts";
import { OUTCOME_NAMES, Outcome, reasonOf } from "../../model/outcome.ts";
import { openUsageLog } from "../../ingest/jetstream/usage-log.ts";
import { WireDecoder } from "../../ingest/wire/decoder.ts";
import { numberingOffsetOf } from "../../pipeline/accepted-gaps.ts";
import { renumberedLog } from "../../pipeline/renumbered-log.ts";
import { keyBytes } from "../../operators/retract/key-text.ts";
import { MeterReader, propertyText } from "../../operators/meter-reading.ts";
import { formatQuantity } from "../../billing/rating/quantity.ts";
import { Aggregation, emptyTargets } from "../../operators/stage.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { Inspection, type InspectedPartition } from "../compose/inspection.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine } from "../print.ts";

/** One arrival of the event, with what became of it. */
interface Finding {
  readonly partition: number;
  readonly outcome: string;
  readonly reason: string;
  readonly late: boolean;
  readonly sequence: number;
  readonly index: number;
  /** The event that took it back; its `source` and `id` are null where the broker was not asked. */
  readonly retractedBy: NamedEvent | null;
  /** Of a retraction: the event that it names. */
  readonly retracts: Pick<NamedEvent, "source" | "id"> | null;
}

/** An event by its place and identity. */
interface NamedEvent {
  readonly sequence: number;
  readonly index: number;
  readonly source: string | null;
  readonly id: string | null;
}

/** A window that the event counts in. */
interface WindowFinding {
  readonly account: string;
  readonly meter: string;
  readonly group: Readonly<Record<string, string>>;
  readonly start: string;
  /** The window's value now and how often it was emitted. */
  readonly value: string;
  readonly emissions: number;
  readonly contract: string | null;
  readonly periodStart: string | null;
  readonly periodEnd: string | null;
}

export function addExplainCommand(program: Command): void {
  addConfiguredOptions(
    program
      .command("explain")
      .summary("what became of an event: its outcome, place in the stream, windows")
      .argument("<source>", "the event's `source`")
      .argument("<id>", "the event's `id`")
      .option("--offline", "don't read the event from the broker: outcome and place only"),
  ).action(async (source: string, id: string, options: ConfiguredOptions & { offline?: boolean }) => {
    const inspection = await Inspection.open(readConfig(options));
    try {
      process.exitCode = await explain(inspection, source, id, options);
    } finally {
      await inspection.close();
    }
  });
}

async function explain(
  inspection: Inspection,
  source: string,
  id: string,
  options: ConfiguredOptions & { offline?: boolean },
): Promise<ExitCode> {
  const findings: Finding[] = [];
  const windows: WindowFinding[] = [];
  const all = findAll(inspection.partitions, source, id);
  for (const partition of inspection.partitions) {
    const found = all.filter((finding) => finding.partition === partition.partition);
    const accepted = found.find((finding) => finding.outcome === "accepted");
    if (accepted === undefined || options.offline === true) {
      findings.push(...found);
      continue;
    }
    for (const finding of found) findings.push(await withNames(inspection, partition, finding));
    if (accepted.retractedBy === null)
      windows.push(...(await windowsOf(inspection, partition, accepted, keyOf(partition, source, id))));
  }
  if (options.json === true) printJson({ source, id, found: findings.length > 0, findings, windows });
  else printFindings(source, id, findings, windows);
  return findings.length > 0 ? ExitCode.done : ExitCode.fault;
}

/**
 * Findings of all partitions. Since a change of the partition count several know of an event that was read before it: it is
 * found once, where it was read, with what became of it in the partition of its account.
 */
function findAll(partitions: readonly InspectedPartition[], source: string, id: string): Finding[] {
  const found = new Map<string, Finding>();
  for (const inspected of partitions) {
    const { partition, engine, hashKey } = inspected;
    const firstOwn = engine.gaps.find(({ inherited }) => inherited !== undefined)?.resumeAt ?? 0;
    for (const finding of findIn(inspected, source, id)) {
      const { sequence, index } = finding;
      const shared = `${hashKey} ${sequence}/${index}`;
      const name = sequence < firstOwn || !found.has(shared) ? shared : `${partition} ${shared}`;
      const known = found.get(name);
      if (known === undefined) found.set(name, finding);
      else if (isNews(finding, known)) found.set(name, { ...finding, partition: known.partition });
    }
  }
  return [...found.values()];
}

/** Whether a finding tells what has become of the event since another one. */
function isNews(finding: Finding, known: Finding): boolean {
  if (finding.retractedBy !== null) return known.retractedBy === null;
  return known.outcome === "parked" && finding.outcome !== "parked";
}

function keyOf({ hashKey }: InspectedPartition, source: string, id: string): Uint32Array {
  const encoder = new TextEncoder();
  const key = new Uint32Array(4);
  new KeyHasher(hashKey).hashIdentity(encoder.encode(source), encoder.encode(id), key, 0);
  return key;
}

function findIn(inspected: InspectedPartition, source: string, id: string): Finding[] {
  const { partition, engine, store } = inspected;
  const key = keyOf(inspected, source, id);
  const records = store.eventOutcomes(keyBytes(key));
  const by = records.find(({ reason }) => reasonOf(reason).name === "retracted");
  const retractedBy =
    by === undefined ? null : { sequence: by.sequence, index: by.index, source: null, id: null };
  const findings: Finding[] = records
    .filter((record) => record !== by)
    .map((record) => ({
      partition,
      outcome: OUTCOME_NAMES[record.outcome] ?? "pending",
      reason: reasonOf(record.reason).text,
      late: record.late,
      sequence: record.sequence,
      index: record.index,
      retractedBy: record.outcome === Outcome.accepted ? retractedBy : null,
      retracts: null,
    }));
  const first = engine.keys.firstOf(key, 0);
  // The first arrival has a record of its own only where it was not simply accepted.
  const recorded = findings.some(
    (finding) => finding.sequence === first?.sequence && finding.index === first.index,
  );
  if (first !== undefined && !recorded) {
    const about = { outcome: "accepted", reason: reasonOf(0).text, late: false, retractedBy, retracts: null };
    findings.unshift({ partition, ...about, ...first });
  }
  return findings;
}

/** A finding with the identities of the retraction that it is about, read from the broker. */
async function withNames(
  inspection: Inspection,
  partition: InspectedPartition,
  finding: Finding,
): Promise<Finding> {
  const { retractedBy } = finding;
  if (retractedBy !== null) {
    const by = await textAt(inspection, partition, retractedBy);
    return { ...finding, retractedBy: { ...retractedBy, ...identityOf(by) } };
  }
  const own = await textAt(inspection, partition, finding);
  const parsed = retractionSchema.safeParse(own === undefined ? undefined : JSON.parse(own));
  return parsed.success ? { ...finding, retracts: parsed.data.data.event } : finding;
}

const identitySchema = z.object({ source: z.string(), id: z.string() });
const retractionSchema = z.object({
  type: z.literal(RETRACTION_TYPE),
  data: z.object({ event: identitySchema }),
});

function identityOf(text: string | undefined): Pick<NamedEvent, "source" | "id"> {
  const parsed = identitySchema.safeParse(text === undefined ? undefined : JSON.parse(text));
  return parsed.success ? parsed.data : { source: null, id: null };
}

/** Text of the event at a place; undefined where the stream does not hold it any more. */
async function textAt(
  inspection: Inspection,
  { partition, engine, hashKey }: InspectedPartition,
  { sequence, index }: Pick<Finding, "sequence" | "index">,
): Promise<string | undefined> {
  const log = renumberedLog(
    openUsageLog(await inspection.broker(), partition),
    numberingOffsetOf(engine.gaps),
  );
  const message = await log.messageAt(sequence);
  if (message === undefined) return undefined;
  const decoder = new WireDecoder(hashKey);
  // A stream that was resumed after damage may hold another message there.
  return decoder.decode([message]).batch.index.includes(index)
    ? decoder.eventText(message, index)
    : undefined;
}

async function windowsOf(
  inspection: Inspection,
  { partition, engine, hashKey }: InspectedPartition,
  finding: Finding,
  key: Uint32Array,
): Promise<WindowFinding[]> {
  const offset = numberingOffsetOf(engine.gaps);
  const log = renumberedLog(openUsageLog(await inspection.broker(), partition), offset);
  const message = await log.messageAt(finding.sequence);
  const catalog = engine.catalog;
  if (message === undefined || catalog === undefined) return [];
  const { batch } = new WireDecoder(hashKey).decode([message]);
  // A stream that was resumed after damage may hold another message there; a retraction counts in no window.
  const row = batch.index.findIndex(
    (index, i) =>
      i < batch.count && index === finding.index && key.every((word, w) => batch.key[i * 4 + w] === word),
  );
  if (row < 0 || batch.retractions.has(row)) return [];
  const targets = emptyTargets(1);
  if (new MeterReader().readOne(batch, row, catalog, targets) !== 0) return [];
  const found: WindowFinding[] = [];
  for (let entry = 0; entry < targets.count; entry++) {
    const meter = targets.meters[targets.meter[entry] ?? 0];
    if (meter === undefined) continue;
    found.push(windowOf(engineOf(inspection, batch, row) ?? engine, batch, row, meter));
  }
  return found;
}

/** The engine of the partition that has the account now; undefined where its state is not here. */
function engineOf(
  { partitions }: Inspection,
  batch: EventBatch,
  row: number,
): InspectedPartition["engine"] | undefined {
  const account = batch.accounts[batch.account[row] ?? 0] ?? "";
  return partitions.find(({ engine, partition }) => partition === partitionOf(account, engine.partitionCount))
    ?.engine;
}

function windowOf(
  engine: InspectedPartition["engine"],
  batch: EventBatch,
  row: number,
  meter: CompiledMeter,
): WindowFinding {
  const cellMs = engine.catalog?.settings.cellMs ?? 1;
  const timeMs = batch.timeMs[row] ?? 0;
  const startMs = Math.floor(timeMs / cellMs) * cellMs;
  const account = batch.accounts[batch.account[row] ?? 0] ?? "";
  const values = meter.groupBy.map(
    (dimension) => propertyText(batch, batch.properties.get(dimension.property), row) ?? "",
  );
  const slot = engine.cells.find(engine.series.idOf(account, meter.key, values), startMs);
  const contract = engine.catalog?.contractAt(account, startMs);
  const period = contract?.periodAt(startMs);
  return {
    account,
    meter: meter.key,
    group: Object.fromEntries(meter.groupBy.map((dimension, i) => [dimension.name, values[i] ?? ""])),
    start: new Date(startMs).toISOString(),
    value:
      slot < 0 ? "archived" : formatQuantity(engine.cells.value(slot, Aggregation[meter.aggregation]), meter),
    emissions: slot < 0 ? 0 : engine.cells.emittedRevision(slot),
    contract: contract?.id ?? null,
    periodStart: period === undefined ? null : new Date(period.startMs).toISOString(),
    periodEnd: period === undefined ? null : new Date(period.endMs).toISOString(),
  };
}

function printFindings(
  source: string,
  id: string,
  findings: readonly Finding[],
  windows: readonly WindowFinding[],
): void {
  if (findings.length === 0) {
    printLine(
      `No event (${source}, ${id}) within the dedupe horizon of the partitions in the state directory.`,
    );
    printLine(
      "Repeats with the same payload are counted, not listed; an event without a readable id is in the dead letters.",
    );
    return;
  }
  for (const finding of findings) {
    const late = finding.late ? ", late" : "";
    printLine(
      `${finding.outcome}${late}: partition ${finding.partition}, sequence ${finding.sequence}, event ${finding.index} of its message.`,
    );
    if (finding.outcome !== "accepted") printLine(`  ${finding.reason}`);
    const { retractedBy, retracts } = finding;
    if (retractedBy !== null) {
      const name = retractedBy.id === null ? "an event" : `(${retractedBy.source}, ${retractedBy.id})`;
      printLine(
        `  retracted by ${name}: sequence ${retractedBy.sequence}, event ${retractedBy.index} of its message.`,
      );
    }
    if (retracts !== null) printLine(`  retracts (${retracts.source}, ${retracts.id}).`);
  }
  for (const window of windows) {
    const group = Object.entries(window.group).map(([name, value]) => ` ${name}=${value}`);
    printLine(
      `  counts in ${window.meter}${group.join("")} of ${window.account}, hour ${window.start}: value ${window.value}, emitted ${window.emissions} times, contract ${window.contract ?? "-"}, period ${window.periodStart ?? "-"} to ${window.periodEnd ?? "-"}.`,
    );
  }
}
