// Sends the lines of a file as usage: node examples/numbered-producer/send.mjs <server> <spool folder> <file>
import { readFile } from "node:fs/promises";
import { Producer } from "tributary/producer";

const [server = "nats://127.0.0.1:4222", folder = "spool", file = "usage.ndjson"] = process.argv.slice(2);
const LINES_A_SEND = 500;

const producer = await Producer.open({
  producer: "example",
  region: "eu",
  folder,
  broker: { servers: [server], name: "example-producer" },
  manifests: true,
});
const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
// All lines before the position are in the folder or acknowledged: a process that was killed goes on from here.
let next = Number(producer.position ?? 0);
const first = next;
for (; next < lines.length; next += LINES_A_SEND) {
  const events = lines.slice(next, next + LINES_A_SEND).map((line) => JSON.parse(line));
  await producer.send(events, String(Math.min(lines.length, next + LINES_A_SEND)));
}
// Nothing is to come of what happened before the end of this file.
await producer.announce(Date.now(), { isLast: true });
await producer.close();
console.log(`sent ${lines.length - first} events as epoch ${producer.epoch}`);
