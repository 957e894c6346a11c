import type { Command } from "commander";
import { systemClock } from "../../model/clock.ts";
import { TributaryError } from "../../model/errors.ts";
import { MAX_PARTITION_COUNT } from "../../model/partition.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { subjectMappingSnippet } from "../../ingest/jetstream/subject-mapping.ts";
import { readPlan, type RepartitionPlan } from "../../state/repartition-plan.ts";
import { faultInjectorFrom } from "../compose/fault-injector.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { ExitCode } from "../exit-codes.ts";
import { parseInteger } from "../option-values.ts";
import { printJson, printLine, printTable } from "../print.ts";
import { printProgress } from "../progress.ts";
import { changeCount } from "../repartition/change-count.ts";
import type { PartRow } from "../repartition/divide-former.ts";
import { refused } from "../repartition/former-states.ts";
import {
  abandon,
  formerStates,
  isAtCount,
  refuseCount,
  refusePartOfFleet,
} from "../repartition/refuse-change.ts";
import { fleetLeases, refuseRunningFleet } from "../repartition/refuse-running-fleet.ts";
import { rehearse } from "../repartition/rehearse.ts";
import { mebibytes } from "../snapshots/mebibytes.ts";

interface RepartitionOptions extends ConfiguredOptions {
  readonly count?: number;
  readonly actor?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly withBacklog?: boolean;
  readonly abandon?: boolean;
}

export function addRepartitionCommand(program: Command): void {
  addConfiguredOptions(
    program
      .command("repartition")
      .summary("change the partition count: divide the states of all partitions, exactly, and prove it")
      .description(
        "Divides the state of each partition into those of the new count, which must be a multiple of the present one. No worker may run;\n" +
          "producers may. The figures of both counts are compared to the cent before anything is switched, and a difference refuses it.\n" +
          "What breaks off goes on where it was when the command is run again. Former states are kept under another name.\n\n" +
          "--dry-run does all of it on copies, while a worker may run, and changes nothing. See docs/repartition.md.",
      )
      .option(
        "--count <number>",
        "the new number of partitions: a multiple of the present one",
        parseInteger(2, MAX_PARTITION_COUNT),
      )
      .option("--actor <name>", "who decides, for the record")
      .option("--reason <text>", "why, for the record")
      .option("--dry-run", "do it on copies and say what would come of it")
      .option("--with-backlog", "change the count although messages wait that the states have not processed")
      .option("--abandon", "give up a change that is under way, where it has not been recorded yet"),
  ).action(async (options: RepartitionOptions) => {
    process.exitCode = await repartition(options);
  });
}

async function repartition(options: RepartitionOptions): Promise<ExitCode> {
  const config = readConfig(options);
  const underWay = readPlan(config.stateDir);
  const count = options.count ?? underWay?.partitionCount;
  if (underWay !== undefined && count !== underWay.partitionCount)
    throw refused(
      `A change from ${underWay.formerCount} to ${underWay.partitionCount} partitions is under way: finish it, or give it up with --abandon.`,
    );
  const broker = await connectBroker({ ...config.nats, name: "tributary-repartition" });
  try {
    if (options.abandon === true) return await giveUp(config, broker, options);
    if (count === undefined)
      throw new TributaryError("usage-invalid", "Say the new number of partitions with --count.");
    if (options.dryRun === true) return await tryOut(config, broker, count, options, underWay !== undefined);
    return await change(config, broker, count, options, underWay);
  } finally {
    await broker.close();
  }
}

async function giveUp(
  config: WorkerConfig,
  broker: BrokerConnection,
  { json }: RepartitionOptions,
): Promise<ExitCode> {
  const plan = await abandon(config, broker);
  if (json === true) printJson({ abandoned: plan });
  else
    printLine(`Given up: there are ${plan.formerCount} partitions as before, and the worker can be started.`);
  return ExitCode.done;
}

async function tryOut(
  config: WorkerConfig,
  broker: BrokerConnection,
  partitionCount: number,
  { json }: RepartitionOptions,
  isUnderWay: boolean,
): Promise<ExitCode> {
  if (isUnderWay) throw refused("A change is under way: run it once more without --dry-run.");
  const formerCount = config.partitions.count;
  refuseCount(formerCount, partitionCount);
  refusePartOfFleet(config);
  const plan = { formerCount, partitionCount, actor: "", reason: "", decidedAt: "" };
  const rehearsal = await rehearse(config, broker, plan, printProgress);
  const { rows, figures, obstacle, backlog, seconds } = rehearsal;
  printProgress(`${rows.length} partitions tried out`, true);
  if (json === true) {
    printJson({
      dryRun: true,
      formerCount,
      partitionCount,
      partitions: rows,
      figures,
      obstacle,
      backlog,
      seconds,
    });
    return ExitCode.done;
  }
  printParts(rows);
  printLine(
    `${figures.length} figures are the same before and after. Nothing was changed; it took ${seconds.toFixed(1)} s.`,
  );
  if (backlog !== null && backlog > 0)
    printLine(`${backlog} messages wait that the states have not processed.`);
  if (obstacle !== null) printLine(`Not possible as it stands: ${obstacle.code}: ${obstacle.message}`);
  return ExitCode.done;
}

async function change(
  config: WorkerConfig,
  broker: BrokerConnection,
  partitionCount: number,
  options: RepartitionOptions,
  underWay: RepartitionPlan | undefined,
): Promise<ExitCode> {
  const faults = faultInjectorFrom(process.env);
  if (underWay === undefined && isAtCount(config, partitionCount)) {
    if (options.json === true) printJson({ partitionCount, partitions: [], figures: [], replaced: [] });
    else printLine(`The states are of ${partitionCount} partitions already: there is nothing to do.`);
    return ExitCode.done;
  }
  const plan = underWay ?? (await newPlan(config, broker, partitionCount, options));
  const { rows, figures, replaced } = await changeCount({
    config,
    broker,
    plan,
    faults,
    onProgress: printProgress,
  });
  printProgress(`${plan.partitionCount} partitions are in place`, true);
  if (options.json === true) {
    printJson({ formerCount: plan.formerCount, partitionCount, partitions: rows, figures, replaced });
    return ExitCode.done;
  }
  if (rows.length > 0) {
    printParts(rows);
    printLine(`${figures.length} figures are the same before and after.`);
  }
  for (const folder of replaced) printLine(`A former state is in ${folder}.`);
  printLine(
    `\nNow set \`partitions.count\` to ${partitionCount}, let the server place usage by it, and start the worker:\n`,
  );
  printLine(subjectMappingSnippet(partitionCount));
  return ExitCode.done;
}

/** What is decided, where it can be done. Throws `usage-invalid`, `repartition-refused` and what keeps a partition from starting. */
async function newPlan(
  config: WorkerConfig,
  broker: BrokerConnection,
  partitionCount: number,
  { actor, reason, withBacklog }: RepartitionOptions,
): Promise<RepartitionPlan> {
  const formerCount = config.partitions.count;
  refuseCount(formerCount, partitionCount);
  refusePartOfFleet(config);
  if (actor === undefined || actor === "" || reason === undefined || reason === "")
    throw new TributaryError("usage-invalid", "A change of the partition count needs --actor and --reason.");
  await refuseRunningFleet(...(await fleetLeases(config, broker)));
  await formerStates(config, broker, withBacklog === true);
  const decidedAt = new Date(systemClock.nowMs()).toISOString();
  return { formerCount, partitionCount, actor, reason, decidedAt };
}

function printParts(rows: readonly PartRow[]): void {
  printTable(
    ["partition", "of", "position", "series", "cells", "documents", "parked", "MiB"],
    rows.map((row) => [
      String(row.partition),
      String(row.from),
      String(row.usageSequence),
      String(row.series),
      String(row.cells),
      String(row.documents),
      String(row.parked),
      mebibytes(row.bytes),
    ]),
  );
}
