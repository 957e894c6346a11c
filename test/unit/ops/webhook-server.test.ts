import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import { RequestRate } from "../../../src/ops/request-rate.ts";
import {
  startWebhookServer,
  type ReceivedWebhook,
  type WebhookServer,
  type WebhookServerOptions,
} from "../../../src/ops/webhook-server.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { waitUntil } from "../../support/wait-until.ts";

const servers: WebhookServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Asked {
  readonly query: string;
  readonly body: string;
}

async function start(
  options: Partial<WebhookServerOptions> = {},
  receive: () => ReceivedWebhook = () => ({ outcome: "received", text: "" }),
) {
  const asked: Asked[] = [];
  const outcomes: string[] = [];
  const faults: unknown[] = [];
  const server = await startWebhookServer({
    host: "127.0.0.1",
    port: 0,
    receivers: [
      {
        connection: "main ERP",
        hasCredential: true,
        receive: ({ query, body }) => {
          asked.push({ query: query.toString(), body: body.toString() });
          return Promise.resolve(receive());
        },
      },
    ],
    clock: systemClock,
    onRequest: (connection, outcome) => outcomes.push(`${connection}: ${outcome}`),
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  servers.push(server);
  return { server, asked, outcomes, faults };
}

const PATH = "/webhooks/main%20ERP";

function ask(
  { port }: WebhookServer,
  {
    path = PATH,
    method = "POST",
    body = "",
  }: { path?: string; method?: string; body?: string | Buffer } = {},
): Promise<{
  readonly status: number;
  readonly text: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, path, method }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

describe("requests", () => {
  it("reach their connection with query and body", async () => {
    const { server, asked, outcomes } = await start();
    expect(await ask(server, { path: `${PATH}?a=b`, body: "{}" })).toMatchObject({ status: 200, text: "" });
    expect(asked).toEqual([{ query: "a=b", body: "{}" }]);
    expect(outcomes).toEqual(["main ERP: received"]);
  });

  it("that are handshakes are answered with plain text that no browser takes for more", async () => {
    const { server } = await start({}, () => ({ outcome: "handshake", text: "token" }));
    expect(await ask(server)).toMatchObject({
      status: 200,
      text: "token",
      headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    });
  });

  it.each([
    ["credential", 401],
    ["form", 400],
  ] as const)("that are refused for %s are answered with %d and no word more", async (outcome, status) => {
    const { server } = await start({}, () => ({ outcome, text: "" }));
    expect(await ask(server)).toMatchObject({ status, text: "" });
  });

  it("that nobody can take now are asked for again", async () => {
    const { server } = await start({}, () => ({ outcome: "no-runner", text: "" }));
    expect(await ask(server)).toMatchObject({ status: 503, headers: { "retry-after": "30" } });
    const failing = await start({}, () => {
      throw new Error("the store has a secret fault");
    });
    expect(await ask(failing.server)).toMatchObject({ status: 503, text: "" });
    expect(failing.outcomes).toEqual(["main ERP: failed"]);
    expect(failing.faults).toHaveLength(1);
  });

  it("that lead nowhere are not read", async () => {
    const { server, asked, outcomes } = await start();
    expect(await ask(server, { path: "/webhooks/other" })).toMatchObject({ status: 404 });
    expect(await ask(server, { path: "/metrics", method: "GET" })).toMatchObject({ status: 404 });
    expect(await ask(server, { path: `${PATH}?${"a".repeat(5_000)}` })).toMatchObject({ status: 404 });
    expect(await ask(server, { method: "DELETE" })).toMatchObject({ status: 405 });
    expect(asked).toEqual([]);
    expect(outcomes).toEqual([
      ": unknown-connection",
      ": unknown-connection",
      ": unknown-connection",
      "main ERP: method",
    ]);
  });
});

describe("bounds", () => {
  it("hold a body by what it says and by what it is", async () => {
    const { server, asked, outcomes } = await start();
    const large = Buffer.alloc(2 * 1024 * 1024 + 1, 32);
    expect(await ask(server, { body: large })).toMatchObject({ status: 413 });
    expect(await ask(server, { body: large.subarray(1) })).toMatchObject({ status: 200 });
    // Without a length that is said.
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, "127.0.0.1", () => {
        socket.write(`POST ${PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
        const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
        for (let chunks = 0; chunks < 40; chunks++) socket.write(chunk);
      });
      socket.on("error", reject);
      socket.setEncoding("utf8").once("data", (text: string) => {
        resolve(text.slice(0, "HTTP/1.1 413".length));
        socket.destroy();
      });
    });
    expect(status).toBe("HTTP/1.1 413");
    expect(asked).toHaveLength(1);
    expect(outcomes.filter((each) => each === "main ERP: too-large")).toHaveLength(2);
  });

  it("hold nobody who hangs up in the middle", async () => {
    const { server, asked, outcomes, faults } = await start();
    const socket = connect(server.port, "127.0.0.1", () => {
      socket.write(`POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{`);
      setTimeout(() => socket.destroy(), 20);
    });
    await waitUntil("the end", () => outcomes.length > 0);
    expect(outcomes).toEqual(["main ERP: incomplete"]);
    expect([asked, faults]).toEqual([[], []]);
  });

  it("hold how many come", async () => {
    const clock = new ManualClock();
    const { server, asked, outcomes } = await start({ clock });
    const statuses = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const own: number[] = [];
        for (let times = 0; times < 16; times++) own.push((await ask(server)).status);
        return own;
      }),
    );
    expect(statuses.flat().filter((status) => status === 200)).toHaveLength(240);
    expect(asked).toHaveLength(240);
    expect(outcomes.filter((each) => each === "main ERP: too-many")).toHaveLength(16);
    expect(await ask(server)).toMatchObject({ status: 429, headers: { "retry-after": "30" } });
  });

  it("let as many in again as time has passed for", async () => {
    const clock = new ManualClock();
    const rate = new RequestRate(clock, 60);
    const taken = (count: number): number =>
      Array.from({ length: count }, () => rate.take()).filter(Boolean).length;
    expect(taken(100)).toBe(60);
    await clock.advance(2_500);
    expect(taken(100)).toBe(2);
    await clock.advance(600);
    expect(taken(100)).toBe(1);
    await clock.advance(3_600_000);
    expect(taken(100)).toBe(60);
  });
});

describe("an address that others reach", () => {
  it("is refused while a connection asks for no secret", async () => {
    const receiver = { connection: "main", receive: () => Promise.reject(new Error("unused")) };
    await expect(
      start({ host: "0.0.0.0", receivers: [{ ...receiver, hasCredential: false }] }),
    ).rejects.toMatchObject({ code: "config-invalid" });
    await start({ host: "0.0.0.0", receivers: [{ ...receiver, hasCredential: true }] });
    await start({ host: "localhost", receivers: [{ ...receiver, hasCredential: false }] });
  });

  it("that is taken is told", async () => {
    const { server } = await start();
    await expect(start({ port: server.port })).rejects.toMatchObject({ code: "internal-fault" });
  });
});
