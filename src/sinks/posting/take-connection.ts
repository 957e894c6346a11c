import { codeOf, TributaryError } from "../../model/errors.ts";
import { POSTING_SCHEMA_VERSION } from "../../model/posting.ts";
import type { PostingDocument, PostingStore } from "../../model/posting-store.ts";
import type { PostingAppender } from "./posting-appender.ts";
import type { UnchainedRecord } from "./posting-chain.ts";
import { takenOver, type MachineContext } from "./posting-machine.ts";
import { replayPostings } from "./posting-replay.ts";
import { transitionRecord } from "./posting-transition.ts";

/** A former runner may go on writing until its next append is refused; it can't do so often. */
const MAX_TRIES = 50;
const PAGE = 200;

export interface TakeConnectionOptions {
  readonly log: Parameters<typeof replayPostings>[0];
  readonly store: PostingStore;
  readonly commandsRead: (sequence: number) => Promise<void>;
  /** A new appender on the log of that creation time. */
  readonly appenderOf: (createdAt: string) => PostingAppender;
  readonly owner: string;
  readonly epoch: number;
  readonly context: () => MachineContext;
}

export interface TakenConnection {
  readonly appender: PostingAppender;
  /** True where a runner had it before. */
  readonly hadRunner: boolean;
  /** Documents that a former runner may have sent and does not know of. */
  readonly open: number;
}

/**
 * Reads the posting log to its end and writes `acquired` behind it: from then on a former runner's appends are refused, so it can't begin
 * anything more. What it had begun becomes `unknown`, by the same message.
 */
export async function takeConnection(options: TakeConnectionOptions): Promise<TakenConnection> {
  const { log, store, commandsRead, appenderOf } = options;
  for (let tries = 1; ; tries++) {
    const createdAt = await replayPostings(log, store, commandsRead);
    const formerEpoch = store.position().epoch;
    if (formerEpoch >= options.epoch)
      throw new TributaryError(
        "posting-log-moved",
        `A runner of epoch ${formerEpoch} has taken the connection; this one's lease is of ${options.epoch}.`,
      );
    const open = allInState(store, "submitting");
    const appender = appenderOf(createdAt);
    try {
      await appender.append(recordsOf(options, open));
      return { appender, hadRunner: formerEpoch > 0, open: open.length };
    } catch (fault) {
      if (codeOf(fault) !== "posting-log-moved" || tries >= MAX_TRIES) throw fault;
    }
  }
}

function recordsOf(
  { owner, epoch, context }: TakeConnectionOptions,
  open: readonly PostingDocument[],
): UnchainedRecord[] {
  const { nowMs } = context();
  const acquired: UnchainedRecord = {
    schemaVersion: POSTING_SCHEMA_VERSION,
    kind: "acquired",
    at: new Date(nowMs).toISOString(),
    epoch,
    owner,
  };
  const unknown = open.flatMap((document) => {
    const step = takenOver(document, context());
    return step.kind === "write" ? [transitionRecord(step.transition, { nowMs, epoch })] : [];
  });
  return [acquired, ...unknown];
}

function allInState(store: PostingStore, state: "submitting"): PostingDocument[] {
  const all: PostingDocument[] = [];
  for (let after = -1; ; after = all.at(-1)?.position ?? after) {
    const page = store.inState(state, after, PAGE);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
