import type { Command } from "commander";
import { systemClock } from "../../model/clock.ts";
import { codeOf, messageOf, TributaryError, type ErrorCode } from "../../model/errors.ts";
import { noFaults } from "../../model/fault-injection.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";
import { openUsageLog } from "../../ingest/jetstream/usage-log.ts";
import { appendControl, ensureGenesis } from "../../pipeline/open-partition.ts";
import { storedAbout } from "../../pipeline/stored-about.ts";
import { gapRecord, proposeGap, type GapProposal } from "../../pipeline/recovery.ts";
import { verifyLogs, type LogVerification } from "../../pipeline/verify-logs.ts";
import { holdsState } from "../../state/holds-state.ts";
import { partitionFolder } from "../../state/open-database.ts";
import { refuseDuringRepartition } from "../../state/repartition-plan.ts";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../state/partition-store.ts";
import { randomHashKey, sha256 } from "../compose/partition-worker.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { ExitCode } from "../exit-codes.ts";
import { parseInteger } from "../option-values.ts";
import { printJson, printLine } from "../print.ts";

interface RecoverOptions extends ConfiguredOptions {
  readonly partition?: number;
  readonly acceptGap?: boolean;
  readonly resumeAt?: number;
  readonly actor?: string;
  readonly reason?: string;
}

interface WayOut {
  readonly way: "restore-broker" | "restore-state" | "accept-gap";
  readonly possible: boolean;
  readonly effect: string;
}

interface PartitionFinding {
  readonly partition: number;
  readonly starts: boolean;
  /** Last usage message in the books, in the partition's numbering. */
  readonly position: number | null;
  readonly stream: {
    readonly name: string;
    readonly firstSequence: number;
    readonly lastSequence: number;
  } | null;
  readonly faults: readonly { readonly code: ErrorCode; readonly message: string }[];
  /** Gaps accepted earlier that the next start applies. */
  readonly pendingGaps: number;
  readonly proposal: GapProposal | null;
  readonly ways: readonly WayOut[];
}

export function addRecoverCommand(program: Command): void {
  addConfiguredOptions(
    program
      .command("recover")
      .summary("why a partition stopped, what each way out would count, and taking one, audited")
      .description(
        "Compares the checkpoints with the streams, as a start does, and lists what keeps a partition from starting with each way\n" +
          "out. Without --accept-gap nothing is changed and a worker may run. Exit code 1 while a partition can't start.\n\n" +
          "--accept-gap records in the partition's control log that processing goes on behind the damage; the worker must be\n" +
          "stopped. Messages that are lost stay visible as a count in `reconcile` and `inspect partitions`.",
      )
      .option(
        "--partition <number>",
        "only this partition (needed with --accept-gap)",
        parseInteger(0, 65_535),
      )
      .option("--accept-gap", "go on behind the damage; needs --partition, --actor and --reason")
      .option(
        "--resume-at <sequence>",
        "stream sequence at which reading goes on, where it has to be chosen",
        parseInteger(1, Number.MAX_SAFE_INTEGER),
      )
      .option("--actor <name>", "who decides, for the record")
      .option("--reason <text>", "why, for the record"),
  ).action(async (options: RecoverOptions) => {
    process.exitCode = await recover(options);
  });
}

async function recover(options: RecoverOptions): Promise<ExitCode> {
  const config = readConfig(options);
  const partitions = options.partition === undefined ? config.partitions.owned : [options.partition];
  const unknown = partitions.find((partition) => partition >= config.partitions.count);
  if (unknown !== undefined) {
    throw new TributaryError(
      "usage-invalid",
      `There is no partition ${unknown}: there are ${config.partitions.count}, counted from 0.`,
    );
  }
  const decision = decisionOf(options);
  const broker = await connectBroker({ ...config.nats, name: "tributary-recover" });
  try {
    if (decision !== undefined) return await accept(config, broker, decision, options);
    const findings: PartitionFinding[] = [];
    for (const partition of partitions)
      findings.push(await look(config, broker, partition, options.resumeAt));
    if (options.json === true) printJson({ partitions: findings });
    else for (const finding of findings) printFinding(finding);
    return findings.every((finding) => finding.starts) ? ExitCode.done : ExitCode.fault;
  } finally {
    await broker.close();
  }
}

interface Decision {
  readonly partition: number;
  readonly actor: string;
  readonly reason: string;
}

function decisionOf({ acceptGap, partition, actor, reason }: RecoverOptions): Decision | undefined {
  if (acceptGap !== true) return undefined;
  const missing = Object.entries({ partition, actor, reason })
    .filter(([, value]) => value === undefined || value === "")
    .map(([name]) => `--${name}`);
  if (partition === undefined || actor === undefined || reason === undefined || missing.length > 0) {
    throw new TributaryError("usage-invalid", `--accept-gap needs ${missing.join(", ")}.`);
  }
  return { partition, actor, reason };
}

async function accept(
  config: WorkerConfig,
  broker: BrokerConnection,
  { partition, actor, reason }: Decision,
  options: RecoverOptions,
): Promise<ExitCode> {
  const identity = { partition, partitionCount: config.partitions.count };
  refuseDuringRepartition(config.stateDir);
  // The writer's lock: what a running worker decides at the same time would not be seen here.
  const store = openPartitionStore(partitionFolder(config.stateDir, partition), identity);
  try {
    const usageLog = openUsageLog(broker, partition);
    const controlLog = openControlLog(broker, partition);
    const verification = await verifyLogs({ usageLog, controlLog, store, sha256 });
    const decidedAt = new Date(systemClock.nowMs()).toISOString();
    const chosen = options.resumeAt === undefined ? {} : { chosen: options.resumeAt };
    const record = await gapRecord(verification, { usageLog, sha256, actor, reason, decidedAt, ...chosen });
    const ports = {
      ...identity,
      controlLog,
      // A control log that begins anew has to go on with the key that the state's ids are hashed with.
      randomHashKey: () => storedAbout(store).hashKey ?? randomHashKey(),
      clock: systemClock,
      faults: noFaults,
      observer: { processed: () => undefined, committed: () => undefined, decided: () => undefined },
    };
    const records = [...verification.records];
    await ensureGenesis(ports, records, verification.usage.createdAt);
    const { placed } = await appendControl(ports, record, records.at(-1)?.placed.sequence ?? 0);
    if (options.json === true) printJson({ partition, controlSequence: placed.sequence, accepted: record });
    else {
      printLine(
        `Partition ${partition}: recorded as control record ${placed.sequence}. ${record.lostMessages} messages are given up; ` +
          `reading goes on at sequence ${record.resumeAt - record.numberingOffset} when the worker starts.`,
      );
      if (record.numberingOffset > 0) {
        printLine(
          `The partition's own numbering goes on at ${record.resumeAt}: stream sequence + ${record.numberingOffset}.`,
        );
      }
    }
    return ExitCode.done;
  } finally {
    store.close();
  }
}

async function look(
  config: WorkerConfig,
  broker: BrokerConnection,
  partition: number,
  chosen: number | undefined,
): Promise<PartitionFinding> {
  const folder = partitionFolder(config.stateDir, partition);
  const identity = { partition, partitionCount: config.partitions.count };
  try {
    const store = holdsState(folder) ? openPartitionStoreReadOnly(folder, identity) : undefined;
    try {
      const usageLog = openUsageLog(broker, partition);
      const controlLog = openControlLog(broker, partition);
      return findingOf(
        partition,
        await verifyLogs({ usageLog, controlLog, store, sha256 }),
        usageLog.name,
        chosen,
      );
    } finally {
      store?.close();
    }
  } catch (fault) {
    return {
      partition,
      starts: false,
      position: null,
      stream: null,
      faults: [{ code: codeOf(fault), message: messageOf(fault) }],
      pendingGaps: 0,
      proposal: null,
      ways: waysWithoutVerification(codeOf(fault)),
    };
  }
}

function findingOf(
  partition: number,
  verification: LogVerification,
  name: string,
  chosen: number | undefined,
): PartitionFinding {
  const { controlFaults, usageFaults, usage, numberingOffset, position, pendingGaps } = verification;
  const faults = [...controlFaults, ...usageFaults].map(({ code, message }) => ({ code, message }));
  const proposal = faults.length === 0 ? null : proposeGap(verification, chosen);
  return {
    partition,
    starts: faults.length === 0,
    position: position.usageSequence,
    stream: {
      name,
      firstSequence: usage.firstSequence - numberingOffset,
      lastSequence: usage.lastSequence - numberingOffset,
    },
    faults,
    pendingGaps: pendingGaps.length,
    proposal,
    ways: proposal === null ? [] : waysOf(proposal),
  };
}

const RESTORE_BROKER: WayOut = {
  way: "restore-broker",
  possible: true,
  effect:
    "Restore the broker's streams from a backup that reaches to the checkpoint or further, then start the worker: nothing is lost or counted again.",
};
const RESTORE_STATE: WayOut = {
  way: "restore-state",
  possible: true,
  effect:
    "Put back a copy of the partition's state folder that agrees with the streams (its position is stored, and what follows it too), then start the worker: " +
    "it replays what follows.",
};

function waysOf(proposal: GapProposal): WayOut[] {
  const effect =
    proposal.refusal ??
    (proposal.resumeAt === undefined
      ? `Go on at a sequence that you choose with --resume-at, from ${proposal.earliest} to ${proposal.latest}.`
      : `Go on at sequence ${proposal.resumeAt}: ${proposal.lostMessages ?? 0} messages given up and counted as lost, ` +
        `${proposal.messagesToRead ?? 0} stored messages read; events seen before come out as duplicates.`);
  return [
    RESTORE_BROKER,
    RESTORE_STATE,
    { way: "accept-gap", possible: proposal.refusal === undefined, effect },
  ];
}

function waysWithoutVerification(code: ErrorCode): WayOut[] {
  if (code === "stream-missing") {
    return [
      RESTORE_BROKER,
      {
        way: "accept-gap",
        possible: false,
        effect: "Start the worker once, so that it creates the missing streams and stops; then look again.",
      },
    ];
  }
  return [RESTORE_STATE];
}

function printFinding(finding: PartitionFinding): void {
  const { partition, stream, position, proposal } = finding;
  const where =
    stream === null
      ? ""
      : ` (in the books up to ${position ?? 0}; ${stream.name} holds ${stream.firstSequence} to ${stream.lastSequence})`;
  if (finding.starts) {
    const pending = finding.pendingGaps > 0 ? " An accepted gap is applied at the next start." : "";
    printLine(`Partition ${partition}: starts${where}.${pending}`);
    return;
  }
  printLine(`Partition ${partition}: DOES NOT START${where}`);
  for (const { code, message } of finding.faults) printLine(`  ${code}: ${message}`);
  if (proposal !== null && proposal.explanation !== "") printLine(`  ${proposal.explanation}`);
  printLine("  Ways out:");
  for (const { way, possible, effect } of finding.ways) {
    printLine(`  - ${way}${possible ? "" : " (not possible)"}: ${effect}`);
  }
}
