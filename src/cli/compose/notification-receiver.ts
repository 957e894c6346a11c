import { z } from "zod";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { notifyRunner } from "../../ingest/jetstream/operator-channel.ts";
import type { ReceivedWebhook, WebhookReceiver } from "../../ops/webhook-server.ts";
import type { ChangeHint, ChangeNotifications } from "../../sinks/erp/change-notifications.ts";
import type { PostingRunner } from "../../sinks/posting/posting-runner.ts";

/**
 * An ERP's notifications reach any process that listens, and the connection's runner may be another one. Whoever receives one looks at its secret, and hands on what it says: never the request
 * itself. Where no runner takes it, the ERP is asked to try again.
 */

/** It only moves times in a file, and an ERP waits for its answer. */
const HAND_ON_TIMEOUT_MS = 2_000;
/** What says more is handed on as a change of everything. */
const MAX_IDS = 1_000;
const MAX_ID_CHARACTERS = 200;

const hintSchema = z.strictObject({
  ids: z.array(z.string().min(1).max(MAX_ID_CHARACTERS)).max(MAX_IDS),
  isAll: z.boolean(),
});

type Notified = Pick<PostingRunner, "notice">;

export interface NotificationReceiverOptions {
  readonly connection: string;
  readonly notifications: ChangeNotifications;
  readonly runner: Notified;
  readonly broker: BrokerConnection;
  /** Told how many notifications of a request did not show the secret, where others did. */
  readonly onForged: (notifications: number) => void;
}

export function notificationReceiver({
  connection,
  notifications,
  runner,
  broker,
  onForged,
}: NotificationReceiverOptions): WebhookReceiver {
  const take = async (hint: ChangeHint): Promise<ReceivedWebhook> => {
    const isTaken = runner.notice(hint) || (await handOn(broker, connection, hint));
    return { outcome: isTaken ? "received" : "no-runner", text: "" };
  };
  return {
    connection,
    hasCredential: notifications.hasCredential,
    receive: async (request) => {
      const received = notifications.receive(request);
      if (received.kind === "handshake") return { outcome: "handshake", text: received.text };
      if (received.kind === "refused") return { outcome: received.reason, text: "" };
      if (received.forged > 0) onForged(received.forged);
      return await take(received.hint);
    },
  };
}

async function handOn(broker: BrokerConnection, connection: string, hint: ChangeHint): Promise<boolean> {
  const bounded = hint.ids.length > MAX_IDS ? { ids: [], isAll: true } : hint;
  const data = new TextEncoder().encode(JSON.stringify(bounded));
  const reply = await notifyRunner(broker, connection, data, HAND_ON_TIMEOUT_MS);
  return reply.outcome === "answered";
}

/** What a runner answers to what was handed on: something where it was taken, undefined where another process has the connection. */
export function answerHandedOn(runner: Notified, data: Uint8Array): Uint8Array | undefined {
  return runner.notice(hintSchema.parse(JSON.parse(new TextDecoder().decode(data))))
    ? new Uint8Array()
    : undefined;
}
