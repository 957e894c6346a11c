import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../../src/model/clock.ts";
import {
  startAdminServer,
  type AdminServer,
  type AdminServerOptions,
} from "../../../src/ops/admin-server.ts";

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const TOKEN = "0123456789abcdef";
const servers: AdminServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(more: Partial<AdminServerOptions> = {}): Promise<AdminServer> {
  const server = await startAdminServer({
    host: "127.0.0.1",
    port: 0,
    version: { version: "1.2.3" },
    clock: systemClock,
    readiness: () => ({ ready: true, reasons: [] }),
    status: () => ({ partitions: [{ partition: 0 }] }),
    metrics: { contentType: "text/plain; version=0.0.4", scrape: () => Promise.resolve("up 1\n") },
    onFault: () => undefined,
    ...more,
  });
  servers.push(server);
  return server;
}

function ask(
  server: AdminServer,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body } = options;
    const request = httpRequest(
      { host: server.host, port: server.port, path, method, headers },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

describe("routes", () => {
  it("serves version, status and metrics", async () => {
    const server = await start();
    expect(await ask(server, "/version")).toMatchObject({ status: 200, body: '{"version":"1.2.3"}\n' });
    expect(await ask(server, "/status?verbose=1")).toMatchObject({
      status: 200,
      headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
      body: '{"partitions":[{"partition":0}]}\n',
    });
    expect(await ask(server, "/metrics")).toMatchObject({
      status: 200,
      headers: { "content-type": "text/plain; version=0.0.4" },
      body: "up 1\n",
    });
  });

  it("answers HEAD without a body", async () => {
    const reply = await ask(await start(), "/version", { method: "HEAD" });
    expect(reply).toMatchObject({ status: 200, headers: { "content-length": "20" }, body: "" });
  });

  it("says why the worker is not ready", async () => {
    const reasons = [{ code: "partition-not-running", partition: 3, message: "It is failed." }] as const;
    const server = await start({ readiness: () => ({ ready: false, reasons }) });
    const reply = await ask(server, "/readyz");
    expect(reply.status).toBe(503);
    expect(JSON.parse(reply.body)).toEqual({ ready: false, reasons });
    expect((await ask(await start(), "/readyz")).status).toBe(200);
  });

  it("is alive while timers run, and not when they stopped", async () => {
    expect((await ask(await start(), "/livez")).status).toBe(200);
    let nowMs = 0;
    let tick = (): void => undefined;
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => nowMs,
      schedule: (_delayMs, task) => {
        tick = task;
        return () => undefined;
      },
    };
    const server = await start({ clock });
    nowMs = 6_000;
    expect(await ask(server, "/livez")).toMatchObject({
      status: 503,
      body: '{"live":false,"lastTickAgeMs":6000}\n',
    });
    tick();
    expect((await ask(server, "/livez")).status).toBe(200);
  });

  it("refuses other paths, methods, long addresses and large headers", async () => {
    const server = await start();
    expect(await ask(server, "/")).toMatchObject({ status: 404, body: '{"error":"not-found"}\n' });
    expect(await ask(server, "/status", { method: "POST", body: "{}" })).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD", connection: "close" },
      body: '{"error":"method-not-allowed"}\n',
    });
    expect((await ask(server, `/${"x".repeat(2_000)}`)).status).toBe(414);
    expect((await ask(server, "/livez", { headers: { "x-big": "x".repeat(20_000) } })).status).toBe(431);
  });

  it("answers 500 without the cause when a provider throws, and reports it", async () => {
    const faults: unknown[] = [];
    const server = await start({
      status: () => {
        throw new Error("the cause");
      },
      metrics: { contentType: "text/plain", scrape: () => Promise.reject(new Error("another")) },
      onFault: (fault) => faults.push(fault),
    });
    expect(await ask(server, "/status")).toMatchObject({ status: 500, body: '{"error":"internal-fault"}\n' });
    expect((await ask(server, "/metrics")).status).toBe(500);
    expect(faults.map(String)).toEqual(["Error: the cause", "Error: another"]);
  });
});

describe("access", () => {
  it("asks for the token at status and metrics only", async () => {
    const server = await start({ token: TOKEN });
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    for (const path of ["/status", "/metrics"]) {
      expect(await ask(server, path)).toMatchObject({
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="tributary"' },
      });
      expect((await ask(server, path, bearer("0123456789abcdeX"))).status).toBe(401);
      expect((await ask(server, path, bearer("0123456789abcdef0"))).status).toBe(401);
      expect((await ask(server, path, { headers: { authorization: `Basic ${TOKEN}` } })).status).toBe(401);
      expect((await ask(server, path, bearer(TOKEN))).status).toBe(200);
      // With a token the Host header does not matter.
      const named = { headers: { authorization: `Bearer ${TOKEN}`, host: "worker.example" } };
      expect((await ask(server, path, named)).status).toBe(200);
    }
    for (const path of ["/livez", "/readyz", "/version"]) expect((await ask(server, path)).status).toBe(200);
  });

  it("refuses a name that only resolves to loopback where there is no token", async () => {
    const server = await start();
    const host = (name: string) => ({ headers: { host: name } });
    expect((await ask(server, "/status", host("evil.example:8321"))).status).toBe(403);
    expect((await ask(server, "/metrics", host("evil.example"))).status).toBe(403);
    expect((await ask(server, "/status", host("localhost:8321"))).status).toBe(200);
    expect((await ask(server, "/status", host("[::1]:8321"))).status).toBe(200);
    expect((await ask(server, "/livez", host("10.0.0.7:8321"))).status).toBe(200);
  });

  it("does not start where others reach it without a token", async () => {
    await expect(start({ host: "0.0.0.0" })).rejects.toMatchObject({ code: "config-invalid" });
  });
});

describe("life", () => {
  it("fails with a clear fault when the port is taken", async () => {
    const server = await start();
    await expect(start({ port: server.port })).rejects.toMatchObject({
      code: "internal-fault",
      message: `Can't listen on 127.0.0.1:${server.port}.`,
    });
  });

  it("ends open connections when it closes", async () => {
    const server = await start();
    const socket = connect(server.port, server.host);
    const closed = new Promise<void>((resolve) => {
      socket.on("close", () => {
        resolve();
      });
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => {
      socket.on("data", () => {
        resolve();
      });
      // The half of a second request behind the first keeps the connection from being idle.
      socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HTTP/1.1\r\nHo");
    });
    await server.close();
    await closed;
    await expect(ask(server, "/livez")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
