import { createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { secretBytes, signatureHeaders } from "../../../../src/sinks/erp/http/signature.ts";
import { HttpSink } from "../../../../src/sinks/erp/http/sink.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { aCustomer, anInvoice, commandOf } from "../../../support/posting-commands.ts";

const OLD = randomBytes(32);
const NEW = randomBytes(32);
const clock = new ManualClock();
const context = { signal: new AbortController().signal, attempt: 1 };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let url: string;
let answer: Answer;
const received: { readonly id: string; readonly body: string; readonly isSigned: boolean }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const id = String(request.headers["webhook-id"]);
      const signed = createHmac("sha256", OLD)
        .update(`${id}.${String(request.headers["webhook-timestamp"])}.${body}`)
        .digest("base64");
      const isSigned = String(request.headers["webhook-signature"]).split(" ").includes(`v1,${signed}`);
      received.push({ id, body, isSigned });
      if (isSigned) answer(request, response);
      else response.writeHead(401).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/erp`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  received.length = 0;
});

function sinkWith(secrets: readonly Uint8Array[] = [NEW, OLD], to = url): HttpSink {
  return new HttpSink(
    {
      url: to,
      secrets,
      headers: { authorization: "Bearer s3cret" },
      deadlineMs: 2_000,
      settleDelayMs: 500,
      connections: 2,
    },
    { prefix: "trb-", clock, random: () => 0.5, onRequest: () => undefined },
  );
}

function says(status: number, body: unknown = "", headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

describe("a signed webhook", () => {
  test("has an id without a point, and each revision of a customer its own", async () => {
    const sink = sinkWith();
    answer = says(204);
    for (const revision of [1, 3]) {
      const document = { ...aCustomer, customer: "acme.com" };
      const command = { ...commandOf(document), key: "customer:de:acme.com", revision };
      await sink.submit(sink.plan(command), context);
    }
    const [first = "", third = ""] = received.map(({ id }) => id);
    expect(first).toMatch(/^trb-customer%3Ade%3Aacme%2Ecom_r1-[0-9a-f]{16}$/);
    expect(third).toBe(first.replace("_r1-", "_r3-"));
    expect(received.every(({ isSigned }) => isSigned)).toBe(true);
  });

  test("is signed by both secrets while they are changed, and sent again as it was", async () => {
    const sink = sinkWith();
    answer = says(200, { id: "9001", number: "R-1" });
    const plan = sink.plan(commandOf(anInvoice));
    expect(await sink.submit(plan, context)).toEqual({
      status: "confirmed",
      erp: { id: "9001", number: "R-1" },
    });
    answer = says(409);
    expect(await sink.submit(plan, context)).toEqual({
      status: "confirmed",
      erp: { id: "trb-invoice:DE-000042", number: null },
    });
    expect(received.map(({ isSigned }) => isSigned)).toEqual([true, true]);
    expect(received[0]?.body).toBe(received[1]?.body);
    expect(received[0]?.id).toBe(received[1]?.id);
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({
      type: "tributary.posting.invoice",
      externalId: "trb-invoice:DE-000042",
      document: { total: "89.00" },
    });
    await sink.close();
  });

  test("of a customer whose content changed is another message", () => {
    const sink = sinkWith();
    const idOf = (name: string): unknown => sink.plan(commandOf({ ...aCustomer, name })).request;
    expect(idOf("Acme")).toHaveProperty("id");
    expect(idOf("Acme")).toEqual(idOf("Acme"));
    expect(idOf("Acme")).not.toMatchObject({ id: Reflect.get(Object(idOf("Acme & Sons")), "id") });
  });

  test.each([
    [400, { error: { kind: "mapping", code: "ITEM", message: "no item 86" } }, "mapping", "ITEM"],
    [422, { error: { kind: "period-closed" } }, "period-closed", "http-422"],
    [400, "<html>", "validation", "http-400"],
    [401, "", "authentication", "http-401"],
    [403, "", "permission", "http-403"],
    [410, "", "permission", "http-410"],
    [302, "", "validation", "http-302"],
    [408, "", "unknown", "http-408"],
    [500, "", "unknown", "http-500"],
    [504, "", "unknown", "http-504"],
    // What a server error says of itself decides nothing: it may have stored the document.
    [500, { error: { kind: "mapping" } }, "unknown", "http-500"],
  ])("HTTP %i %j is a fault of kind %s", async (status, body, kind, code) => {
    const sink = sinkWith();
    answer = says(status, body);
    await expect(sink.submit(sink.plan(commandOf(anInvoice)), context)).rejects.toMatchObject({ kind, code });
    await sink.close();
  });

  test("is not sent again before the time that the receiver names", async () => {
    const sink = sinkWith();
    answer = says(429, "", { "retry-after": "7" });
    await expect(sink.submit(sink.plan(commandOf(anInvoice)), context)).rejects.toMatchObject({
      kind: "throttle",
      retryAfterMs: 7_000,
    });
    await sink.close();
  });

  test("whose answer is lost is unknown; one that never left is not", async () => {
    const sink = sinkWith();
    answer = (request) => {
      request.socket.destroy();
    };
    await expect(sink.submit(sink.plan(commandOf(anInvoice)), context)).rejects.toMatchObject({
      kind: "unknown",
    });
    await sink.close();
    const nobody = sinkWith([OLD], "http://127.0.0.1:1/erp");
    const fault: unknown = await nobody
      .submit(nobody.plan(commandOf(anInvoice)), context)
      .catch((error: unknown) => error);
    expect(fault).toMatchObject({ kind: "transient" });
    expect(String(fault)).not.toContain("s3cret");
    await nobody.close();
  });
});

describe("check", () => {
  test("is content with a receiver that refuses a wrong signature, and names one that doesn't", async () => {
    const sink = sinkWith();
    expect(await sink.check([], context)).toEqual([]);
    await sink.close();
    const careless = createServer((_request, response) => {
      response.end("ok");
    });
    await new Promise<void>((resolve) => {
      careless.listen(0, "127.0.0.1", resolve);
    });
    const address = careless.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const trusting = sinkWith([OLD], `http://127.0.0.1:${port}/`);
    expect(await trusting.check([], context)).toMatchObject([{ problem: "configuration" }]);
    await trusting.close();
    careless.closeAllConnections();
    careless.close();
    const nobody = sinkWith([OLD], "http://127.0.0.1:1/erp");
    expect(await nobody.check([], context)).toMatchObject([{ problem: "unreachable" }]);
    await nobody.close();
  });
});

describe("signature", () => {
  // The example of the Standard Webhooks specification and its libraries.
  test("is that of the specification's example", () => {
    const secret = secretBytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    const headers = signatureHeaders("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, '{"test": 2432232314}', [
      secret ?? new Uint8Array(),
    ]);
    expect(headers["webhook-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test.each(["", "whsec_", "whsec_short", "whsec_!!!!", randomBytes(65).toString("base64")])(
    "a secret that is none, too short or too long is refused: %s",
    (text) => {
      expect(secretBytes(text)).toBeUndefined();
    },
  );
});
