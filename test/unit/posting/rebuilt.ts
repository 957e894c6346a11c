import type { PostingStore } from "../../../src/model/posting-store.ts";
import { readCommands } from "../../../src/sinks/posting/posting-chain.ts";
import { replayPostings } from "../../../src/sinks/posting/posting-replay.ts";
import { CONNECTION } from "../../support/posting/commands.ts";
import { postingLog } from "../../support/posting/memory-logs.ts";
import type { PostingWorld } from "../../support/posting/posting-world.ts";
import { planOf } from "../../support/posting/scripted-erp.ts";
import { SimProcess } from "../../support/posting/sim-process.ts";

/** A store built from nothing but the two logs: all commands first, then the records. */
export async function rebuilt(world: PostingWorld): Promise<PostingStore> {
  const { commands, postings, clock } = world;
  const store = world.store();
  for (const message of commands.messages)
    store.addCommands(
      [
        {
          sequence: message.sequence,
          arrivalMs: message.arrivalMs,
          commands: readCommands(message, CONNECTION).map((command) => ({
            command,
            externalId: planOf(command).externalId,
          })),
        },
      ],
      commands.identity().createdAt,
    );
  const log = postingLog({
    stream: postings,
    process: new SimProcess(clock, 0),
    clock,
    latencyMs: 0,
    nextFault: () => undefined,
  });
  await replayPostings(log, store, () => Promise.resolve());
  return store;
}
