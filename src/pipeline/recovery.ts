import type { GapAcceptedRecord } from "../model/control.ts";
import { TributaryError, type ErrorCode } from "../model/errors.ts";
import type { UsageLog } from "../model/log.ts";
import { hexOfBytes } from "./accepted-gaps.ts";
import type { PartitionEngineOptions } from "./engine-options.ts";
import { fingerprint } from "./positions.ts";
import { renumberedLog } from "./renumbered-log.ts";
import { placeOf, type LogVerification } from "./verify-logs.ts";

/** Faults of the usage log behind which a partition can go on when an operator accepts the gap. */
type Damage = Extract<
  ErrorCode,
  "stream-gap" | "stream-rolled-back" | "stream-recreated" | "stream-refilled"
>;

function damageOf(code: ErrorCode | undefined): Damage | undefined {
  return code === "stream-gap" ||
    code === "stream-rolled-back" ||
    code === "stream-recreated" ||
    code === "stream-refilled"
    ? code
    : undefined;
}

/** Going on behind the damage, and what it costs. Sequences are the stream's. */
export interface GapProposal {
  /** Why it can't be done; absent where it can. */
  readonly refusal?: string;
  /** Sequence at which reading would go on; undefined where the operator has to choose it. */
  readonly resumeAt: number | undefined;
  /** Least and greatest sequence that may be chosen. */
  readonly earliest: number;
  readonly latest: number;
  /** Messages that would never be read, counted in every balance from then on; undefined while no place is chosen. */
  readonly lostMessages: number | undefined;
  /** Messages stored at and behind `resumeAt`: those processed before come out as duplicates. */
  readonly messagesToRead: number | undefined;
  /** What is known, and what can't be known, about the damage. */
  readonly explanation: string;
}

const CONTROL_LOST =
  "Decisions of the control log are lost. Those that the state has applied stay in effect, but the state can't be built anew from the logs: back it up.";

/** What accepting the gap would do; `chosen` is the operator's own resume point. */
export function proposeGap(verification: LogVerification, chosen?: number): GapProposal {
  const { usage, numberingOffset, position } = verification;
  const earliest = usage.firstSequence - numberingOffset;
  const latest = usage.lastSequence - numberingOffset + 1;
  const code = verification.usageFaults[0]?.code;
  const refusal = refusalOf(verification, code) ?? refusalOfChoice(chosen, earliest, latest);
  const next = position.usageSequence - numberingOffset + 1;
  // Only the control log is damaged: usage goes on where it stands.
  const resumeAt = chosen ?? (code === undefined ? next : defaultResume(damageOf(code), earliest, latest));
  const numbers = resumeAt === undefined ? undefined : numbersFor(verification, resumeAt);
  return {
    ...(refusal === undefined ? {} : { refusal }),
    resumeAt,
    earliest,
    latest,
    lostMessages: numbers === undefined ? undefined : numbers.resumeAt - 1 - position.usageSequence,
    messagesToRead: resumeAt === undefined ? undefined : Math.max(0, latest - resumeAt),
    explanation: [
      ...(verification.controlFaults.length === 0 ? [] : [CONTROL_LOST]),
      explain(verification, damageOf(code)),
    ]
      .filter((text) => text !== "")
      .join(" "),
  };
}

/** The control record that accepts the gap. Throws `usage-invalid` where `proposeGap` has a refusal or no place. */
export async function gapRecord(
  verification: LogVerification,
  options: {
    readonly usageLog: UsageLog;
    readonly sha256: PartitionEngineOptions["sha256"];
    readonly chosen?: number;
    readonly actor: string;
    readonly reason: string;
    readonly decidedAt: string;
  },
): Promise<GapAcceptedRecord> {
  const { chosen, actor, reason, decidedAt, usageLog, sha256 } = options;
  const proposal = proposeGap(verification, chosen);
  if (proposal.refusal !== undefined) throw new TributaryError("usage-invalid", proposal.refusal);
  if (proposal.resumeAt === undefined) {
    throw new TributaryError(
      "usage-invalid",
      `Choose with --resume-at where reading goes on: a sequence from ${proposal.earliest} to ${proposal.latest}.`,
    );
  }
  const { resumeAt, numberingOffset } = numbersFor(verification, proposal.resumeAt);
  const before = await renumberedLog(usageLog, numberingOffset).messageAt(resumeAt - 1);
  const { usageSequence: appliesAfter, controlSequence, controlFingerprint } = verification.position;
  return {
    kind: "gap-accepted",
    appliesAfter,
    decidedAt,
    resumeAt,
    lostMessages: resumeAt - 1 - appliesAfter,
    numberingOffset,
    controlBefore: { sequence: controlSequence, fingerprint: hexOfBytes(controlFingerprint) },
    usageCreatedAt: verification.usage.createdAt,
    fingerprint: before === undefined ? "" : hexOfBytes(fingerprint(before, sha256)),
    actor,
    reason,
  };
}

/** The partition's number of the message at a sequence of the stream: never at or below the position. */
function numbersFor(
  { position, numberingOffset }: LogVerification,
  sequence: number,
): { resumeAt: number; numberingOffset: number } {
  const resumeAt = Math.max(position.usageSequence + 1, sequence + numberingOffset);
  return { resumeAt, numberingOffset: resumeAt - sequence };
}

function refusalOf(verification: LogVerification, code: ErrorCode | undefined): string | undefined {
  const { controlFaults, pending, position, records } = verification;
  const controlCode = controlFaults[0]?.code;
  if (controlCode === "stream-refilled" || (controlCode === "stream-recreated" && records.length > 0)) {
    return "The control log holds decisions that this state knows nothing of: another worker may have gone on with another state.";
  }
  if (code === undefined && controlCode === undefined)
    return "Nothing is wrong with the logs: there is no gap to accept.";
  if (code !== undefined && damageOf(code) === undefined)
    return "The state is of another time than the log's last repair: restore a backup.";
  const ahead = pending.find((record) => placeOf(record) > position.usageSequence);
  if (ahead !== undefined) {
    return (
      `The control log holds decisions behind the state's position (record ${ahead.placed.sequence} applies after usage ` +
      `${placeOf(ahead)}, the state stands at ${position.usageSequence}): only a newer state can go on from there.`
    );
  }
  return undefined;
}

function refusalOfChoice(chosen: number | undefined, earliest: number, latest: number): string | undefined {
  if (chosen === undefined || (chosen >= earliest && chosen <= latest)) return undefined;
  return `--resume-at must be a sequence from ${earliest} to ${latest}: the stream's first message to one behind its last.`;
}

function defaultResume(damage: Damage | undefined, earliest: number, latest: number): number | undefined {
  // What a new stream holds is new; what is left behind a gap begins with the first.
  if (damage === "stream-gap" || damage === "stream-recreated") return earliest;
  // All that a stream which only lost its end still holds was processed.
  return damage === "stream-rolled-back" ? latest : undefined;
}

function explain({ position, usage, numberingOffset }: LogVerification, damage: Damage | undefined): string {
  const at = position.usageSequence - numberingOffset;
  const last = usage.lastSequence - numberingOffset;
  if (damage === "stream-gap") {
    return (
      `Messages ${at + 1} to ${usage.firstSequence - numberingOffset - 1} were removed before they were processed. ` +
      "Their events are in no count; producers that keep their events can send them again."
    );
  }
  if (damage === "stream-rolled-back") {
    return (
      `The stream lost what it held behind ${last}. Messages ${last + 1} to ${at} are processed and stay in the books. ` +
      "Whether messages behind those were acknowledged to producers and lost can't be known here: compare with the producers."
    );
  }
  if (damage === "stream-recreated") {
    return (
      `The stream was made anew and holds ${Math.max(0, last - (usage.firstSequence - numberingOffset) + 1)} messages. ` +
      `What was processed of the former one, up to ${at}, stays in the books; what it held behind that is lost and can't be counted here.`
    );
  }
  if (damage === "stream-refilled") {
    return (
      `The stream lost its end and was filled again past ${at}; from which sequence on is not known, only that the message at ${at} ` +
      "is another one. Choose the first sequence that may be new with --resume-at. Too early is safe within the deduplication horizon: " +
      "events seen before come out as duplicates. Too late leaves new events out."
    );
  }
  return "";
}
