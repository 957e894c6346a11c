import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebhookReceiver } from "../../simulators/webhook/receiver.ts";
import { countRight, keyOf, signatureOf } from "../../simulators/webhook/signatures.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEXT_SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await WebhookReceiver.start({ secrets: [SECRET] });
});
afterEach(async () => {
  await receiver.close();
});

/** Signed here with Node's own functions alone. */
function signed(secret: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

interface Changes {
  readonly secrets?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly sentBody?: string;
  readonly path?: string;
}

async function deliver(id: string, changes: Changes = {}): Promise<Response> {
  const { secrets = [SECRET], headers = {}, body = '{"key":"invoice:1"}' } = changes;
  const timestamp = headers["webhook-timestamp"] ?? String(Math.floor(Date.now() / 1_000));
  return fetch(`${receiver.url}${changes.path ?? ""}`, {
    method: "POST",
    body: changes.sentBody ?? body,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": secrets.map((secret) => signed(secret, id, timestamp, body)).join(" "),
      "idempotency-key": id,
      ...headers,
    },
  });
}

it("knows the vector of the specification", () => {
  const message = {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: "1614265330",
    body: '{"test": 2432232314}',
  };
  const signature = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  expect(signatureOf(message, keyOf(SECRET))).toBe(signature);
  expect(countRight(`v1,AAAA v1,${signature} v2,${signature}`, message, [keyOf(SECRET)])).toBe(1);
  for (const secret of ["whsec_c2hvcnQ=", SECRET.slice(6), "whsec_not base64 at all, but long enough"])
    expect(() => keyOf(secret)).toThrow(RangeError);
});

describe("a delivery", () => {
  it("is taken once; again it is answered as done, and with another body not at all", async () => {
    expect((await deliver("m1")).status).toBe(204);
    expect((await deliver("m1")).status).toBe(409);
    expect((await deliver("m1", { body: '{"key":"invoice:2"}' })).status).toBe(422);
    expect(receiver.messages.get("m1")).toMatchObject({ body: { key: "invoice:1" }, deliveries: 3 });
    expect(receiver.refusals).toEqual(["another body under a known webhook-id"]);
  });

  it.each<[string, number, Changes]>([
    ["no signature is right", 401, { secrets: [NEXT_SECRET] }],
    ["no signature is right", 401, { sentBody: '{"key":"invoice:2"}' }],
    ["webhook-timestamp is too old or too new", 400, { headers: { "webhook-timestamp": "1614265330" } }],
    ["webhook-timestamp is too old or too new", 400, { headers: { "webhook-timestamp": "99999999999" } }],
    ["webhook-timestamp must be seconds", 400, { headers: { "webhook-timestamp": "2026-06-30T00:00:00Z" } }],
    ["webhook-id must have no point", 400, { headers: { "webhook-id": "m.1" } }],
    ["idempotency-key must be the webhook-id", 400, { headers: { "idempotency-key": "other" } }],
    ["the content type must be application/json", 415, { headers: { "content-type": "text/plain" } }],
    ["the body must be a JSON object", 400, { body: "[]" }],
    ["no such address", 404, { path: "/other" }],
  ])("is refused: %s", async (reason, status, changes) => {
    expect((await deliver("m1", changes)).status).toBe(status);
    expect(receiver.refusals).toEqual([reason]);
    expect(receiver.messages.size).toBe(0);
  });

  it("is refused without its headers, or where it is too large", async () => {
    expect((await fetch(receiver.url, { method: "POST", body: "{}", headers: JSON_TYPE })).status).toBe(400);
    const body = JSON.stringify({ text: "x".repeat(1_048_576) });
    const status = await deliver("m1", { body }).then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect(receiver.refusals).toEqual([
      "webhook-id, webhook-timestamp and webhook-signature are required",
      "the body is too large",
    ]);
  });

  it("is signed with both secrets while they change", async () => {
    receiver.changeSecrets([SECRET, NEXT_SECRET]);
    await deliver("m1", { secrets: [SECRET, NEXT_SECRET] });
    await deliver("m2");
    expect([...receiver.messages.values()].map(({ rightSignatures }) => rightSignatures)).toEqual([2, 1]);
    receiver.changeSecrets([NEXT_SECRET]);
    expect((await deliver("m3")).status).toBe(401);
    expect((await deliver("m3", { secrets: [SECRET, NEXT_SECRET] })).status).toBe(204);
  });
});

const JSON_TYPE = { "content-type": "application/json" };

describe("a fault", () => {
  it("loses an answer after the message was taken, or the message", async () => {
    receiver.faultOf = (id, delivery) =>
      delivery > 1 ? undefined : { kind: id === "m1" ? "lost-after" : "lost-before" };
    await expect(deliver("m1")).rejects.toThrow("fetch failed");
    await expect(deliver("m2")).rejects.toThrow("fetch failed");
    expect([...receiver.messages.keys()]).toEqual(["m1"]);
    expect((await deliver("m1")).status).toBe(409);
    expect((await deliver("m2")).status).toBe(204);
  });

  it("asks for a pause, and counts who does not keep it", async () => {
    receiver.faultOf = (_id, delivery) =>
      delivery === 1 ? { kind: "status", status: 503, retryAfterSeconds: 1 } : undefined;
    const response = await deliver("m1");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    await deliver("m1");
    expect(receiver.earlyRequests).toBe(1);
  });

  it("is slow, or takes nothing any more", async () => {
    receiver.faultOf = () => ({ kind: "slow", ms: 60 });
    const startMs = performance.now();
    await deliver("m1");
    expect(performance.now() - startMs).toBeGreaterThan(50);
    expect(receiver.mostAtOnce).toBe(1);
    receiver.isGone = true;
    expect((await deliver("m3")).status).toBe(410);
    expect(receiver.messages.has("m3")).toBe(false);
  });
});
