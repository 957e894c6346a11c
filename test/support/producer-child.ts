/**
 * A producer as a process, for tests that kill it. Arguments: address of the broker, folder, partition count, events in
 * all, end of the event times. Goes on behind its position, writes a line for each commit, and announces every tenth one.
 */
import { Producer } from "../../src/producer/index.ts";
import { sourceEvent } from "./worker/counted-source.ts";

const EVENTS_A_SEND = 40;

const [url = "", folder = "", partitionCount = "", total = "", endMs = ""] = process.argv.slice(2);
const producer = await Producer.open({
  producer: "child",
  region: "eu",
  folder,
  broker: { servers: [url], name: "producer-child" },
  partitionCount: Number(partitionCount),
  manifests: true,
  window: 8,
});
const events = Number(total);
for (let next = Number(producer.position ?? 0), sends = 1; next < events; sends++) {
  const end = Math.min(events, next + EVENTS_A_SEND);
  const some = Array.from({ length: end - next }, (_, at) => sourceEvent(next + at, events, Number(endMs)));
  next = end;
  await producer.send(some, String(next));
  if (sends % 3 === 0) await producer.commit();
  if (sends % 10 === 0) await producer.announce(sourceEvent(next, events, Number(endMs)).timeMs);
  process.stdout.write(`${producer.position}\n`);
}
await producer.announce(Number(endMs), { isLast: true });
await producer.close();
process.stdout.write(`${producer.position}\n`);
