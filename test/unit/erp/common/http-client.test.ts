import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HttpClient, HttpFailure } from "../../../../src/sinks/erp/common/http-client.ts";
import { withDeadline } from "../../../../src/sinks/erp/common/deadline.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let handler: Handler;
let client: HttpClient;
const server = createServer((request, response) => {
  handler(request, response);
});
let url = "";

beforeEach(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  client = new HttpClient({ connections: 2, deadlineMs: 5_000 });
});
afterEach(async () => {
  await client.close();
  server.close();
  server.closeAllConnections();
});

const HEADERS = { authorization: "OAuth very-secret" };
function send(signal = new AbortController().signal, to = url): ReturnType<HttpClient["send"]> {
  return client.send({ method: "PUT", url: to, headers: HEADERS, body: "{}", signal });
}
async function failureOf(act: Promise<unknown>): Promise<HttpFailure> {
  const fault: unknown = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(fault instanceof HttpFailure)) throw new Error("there was no failure");
  expect(`${fault.message} ${String(fault.stack)}`).not.toContain("very-secret");
  return fault;
}

it("gives status, headers and text, and follows no redirect", async () => {
  handler = (_, response) =>
    response.writeHead(302, { location: "/elsewhere", "x-two": ["a", "b"] }).end("ä");
  const reply = await send();
  expect([reply.status, reply.header("location"), reply.text]).toEqual([302, "/elsewhere", "ä"]);
  expect(reply.header("missing")).toBeUndefined();
});

it("knows that nothing was sent where nobody listens", async () => {
  const unused = createServer().listen(0, "127.0.0.1");
  await once(unused, "listening");
  const address = unused.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  unused.close();
  await once(unused, "close");
  expect(await failureOf(send(undefined, `http://127.0.0.1:${port}`))).toMatchObject({ outcome: "not-sent" });
  expect(await failureOf(send(undefined, "http://nobody.invalid"))).toMatchObject({ outcome: "not-sent" });
  expect(await failureOf(send(AbortSignal.abort()))).toMatchObject({ outcome: "not-sent" });
});

it("doesn't know what became of a request without a whole answer", async () => {
  handler = (request) => request.socket.destroy();
  expect(await failureOf(send())).toMatchObject({ outcome: "unknown" });
  handler = (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("cut");
    setImmediate(() => response.destroy());
  };
  expect(await failureOf(send())).toMatchObject({ outcome: "unknown" });
  handler = () => undefined;
  const late = withDeadline(new AbortController().signal, 50, (signal) => send(signal));
  expect(await failureOf(late)).toMatchObject({ outcome: "unknown", message: "no answer came in time" });
});

it("takes no answer without bounds", async () => {
  handler = (_, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(1024 * 1024);
    const write = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", write);
    write();
  };
  expect((await failureOf(send())).message).toContain("larger than");
});

it("ends with the signal that it was given, and leaves nothing with it", async () => {
  const parent = new AbortController();
  const ended = withDeadline(parent.signal, 60_000, async (signal) => {
    parent.abort();
    return signal.aborted;
  });
  expect(await ended).toBe(true);
  expect(await withDeadline(parent.signal, 60_000, (signal) => Promise.resolve(signal.aborted))).toBe(true);
});
