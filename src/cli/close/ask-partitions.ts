import { codeOf, messageOf, TributaryError, type ErrorCode } from "../../model/errors.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import type { RequestHead } from "../../pipeline/operations/operation.ts";
import { ExitCode } from "../exit-codes.ts";
import { requestDecision } from "../operator-client.ts";
import { printJson, printLine } from "../print.ts";

/** What the owner of a partition made of a request. */
export interface PartitionAnswer {
  readonly partition: number;
  readonly decided: boolean;
  /** Place of the record in the partition's control log; null where nothing is known to be decided. */
  readonly controlSequence: number | null;
  /** It had been decided before. */
  readonly repeated: boolean;
  /** Why the owner refused; null where it didn't. */
  readonly refusal: string | null;
  readonly fault: { readonly code: ErrorCode; readonly message: string } | null;
}

/** Asks owners one after the other, each for its partition; what fails in one does not keep the others from deciding. */
export async function askPartitions(
  broker: BrokerConnection,
  requests: readonly (readonly [partition: number, request: RequestHead])[],
  timeoutMs: number,
): Promise<PartitionAnswer[]> {
  const answers: PartitionAnswer[] = [];
  for (const [partition, request] of requests) {
    try {
      const { controlSequence, repeated } = await requestDecision(broker, partition, request, timeoutMs);
      answers.push({ partition, decided: true, controlSequence, repeated, refusal: null, fault: null });
    } catch (fault) {
      answers.push({
        partition,
        decided: false,
        controlSequence: null,
        repeated: false,
        refusal: refusalOf(fault),
        fault: { code: codeOf(fault), message: messageOf(fault) },
      });
    }
  }
  return answers;
}

function refusalOf(fault: unknown): string | null {
  const reason = fault instanceof TributaryError ? fault.details["reason"] : undefined;
  return typeof reason === "string" ? reason : null;
}

/** Prints answers, with the id to ask again with; exit code 1 where one is missing. */
export function printAnswers(request: string, answers: readonly PartitionAnswer[], json: boolean): ExitCode {
  const decided = answers.every((answer) => answer.decided);
  if (json) printJson({ request, decided, partitions: answers });
  else {
    for (const { partition, controlSequence, repeated, fault } of answers) {
      if (fault !== null) printLine(`Partition ${partition}: ${fault.code}: ${fault.message}`);
      else
        printLine(
          `Partition ${partition}: ${repeated ? "was decided before" : "decided"}, control record ${String(controlSequence)}.`,
        );
    }
    if (!decided) printLine(`Ask again with --request ${request}: what was decided is not decided twice.`);
  }
  return decided ? ExitCode.done : ExitCode.fault;
}
