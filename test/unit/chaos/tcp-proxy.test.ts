import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TcpProxy } from "../../support/chaos/tcp-proxy.ts";
import { waitUntil } from "../../support/wait-until.ts";

const DELAY_MS = 200;
/** Timers may fire so much early. */
const EARLY_MS = 5;

let echo: Server;
let proxy: TcpProxy;
let open: Set<Socket>;

beforeEach(async () => {
  open = new Set();
  echo = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => open.delete(socket));
    socket.pipe(socket);
  });
  const port = await new Promise<number>((resolve) => {
    echo.listen(0, "127.0.0.1", () => {
      const address = echo.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  proxy = await TcpProxy.start(port);
});
afterEach(async () => {
  await proxy.close();
  await new Promise((resolve) => {
    echo.close(resolve);
  });
});

/** A client, with what came back so far and whether it is still connected. */
function client(): {
  readonly socket: Socket;
  readonly received: () => string;
  readonly isClosed: () => boolean;
} {
  const socket = connect(proxy.port, "127.0.0.1");
  let received = "";
  let isClosed = false;
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    received += bytes.toString("utf8");
  });
  socket.once("close", () => {
    isClosed = true;
  });
  return { socket, received: () => received, isClosed: () => isClosed };
}

test("bytes pass in both directions, in order", async () => {
  const { socket, received } = client();
  const sent = Array.from({ length: 500 }, (_, n) => `${n}:${"x".repeat(n)}\n`).join("");
  socket.write(sent);
  await waitUntil("all is back", () => received().length === sent.length);
  expect(received()).toBe(sent);
  expect(proxy.connections).toBe(1);
  socket.destroy();
  await waitUntil("the server's side ends too", () => open.size === 0 && proxy.connections === 0);
});

test("a line that is cut resets what is connected and who connects, until it is mended", async () => {
  const before = client();
  before.socket.write("a");
  await waitUntil("connected", () => before.received() === "a");
  proxy.set({ kind: "cut" });
  await waitUntil("reset", () => before.isClosed() && open.size === 0);
  const meanwhile = client();
  await waitUntil("refused", meanwhile.isClosed);
  proxy.set({ kind: "pass" });
  const after = client();
  after.socket.write("b");
  await waitUntil("connected again", () => after.received() === "b");
  expect([before.received(), meanwhile.received()]).toEqual(["a", ""]);
});

test("a line that hangs keeps connections open, and brings what was sent when it is over", async () => {
  const { socket, received, isClosed } = client();
  socket.write("a");
  await waitUntil("connected", () => received() === "a");
  proxy.set({ kind: "hang" });
  socket.write("b");
  const other = client();
  other.socket.write("c");
  await new Promise((resolve) => {
    setTimeout(resolve, DELAY_MS);
  });
  expect([received(), isClosed(), other.received(), other.isClosed()]).toEqual(["a", false, "", false]);
  proxy.set({ kind: "pass" });
  await waitUntil("it arrives", () => received() === "ab" && other.received() === "c");
});

test("a line with a delay carries each piece later, in both directions", async () => {
  proxy.set({ kind: "delay", delayMs: DELAY_MS });
  const { socket, received } = client();
  const startedMs = performance.now();
  socket.write("a");
  await waitUntil("it is back", () => received() === "a");
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(2 * (DELAY_MS - EARLY_MS));
});
