import { ErrorCode, NatsError, type Msg } from "nats";
import { describe, isNoResponders } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { operatorSubject, runnerNotificationSubject, runnerOperatorSubject } from "./names.ts";

/** What became of a request to the owner of a partition. */
export type OperatorReply =
  | { readonly outcome: "answered"; readonly data: Uint8Array }
  /** Nobody listens: nothing took the request. */
  | { readonly outcome: "no-owner" }
  /** No answer came: it may have been decided or not. */
  | { readonly outcome: "unknown"; readonly message: string };

/**
 * Takes operators' requests for a partition until the returned function is called. Requests are not stored: what is asked
 * while nobody owns the partition is not asked.
 * @param answer gives the answer, or undefined to stay silent; must not reject
 * @param onFault told where the broker refuses the subscription (permissions)
 */
export function serveOperators(
  connection: BrokerConnection,
  partition: number,
  answer: Answer,
  onFault: (fault: unknown) => void,
): () => void {
  return serve(connection, operatorSubject(partition), answer, onFault);
}

/** The same for an ERP connection, by the process that runs it. */
export function serveRunnerOperators(
  connection: BrokerConnection,
  erpConnection: string,
  answer: Answer,
  onFault: (fault: unknown) => void,
): () => void {
  return serve(connection, runnerOperatorSubject(erpConnection), answer, onFault);
}

/** What other processes have received from an ERP, by the process that runs the connection. */
export function serveRunnerNotifications(
  connection: BrokerConnection,
  erpConnection: string,
  answer: Answer,
  onFault: (fault: unknown) => void,
): () => void {
  return serve(connection, runnerNotificationSubject(erpConnection), answer, onFault);
}

type Answer = (data: Uint8Array) => Promise<Uint8Array | undefined>;

function serve(
  connection: BrokerConnection,
  subject: string,
  answer: Answer,
  onFault: (fault: unknown) => void,
): () => void {
  const respond = async (message: Msg): Promise<void> => {
    try {
      const data = await answer(message.data);
      if (data !== undefined) message.respond(data);
    } catch (fault) {
      onFault(fault);
    }
  };
  const subscription = connection.client.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) void respond(message);
      else onFault(error);
    },
  });
  return () => {
    if (!connection.client.isClosed() && !subscription.isClosed()) subscription.unsubscribe();
  };
}

/** Asks the owner of a partition. Never rejects: what can't be known is `unknown`. */
export async function askOperator(
  connection: BrokerConnection,
  partition: number,
  data: Uint8Array,
  timeoutMs: number,
): Promise<OperatorReply> {
  return await ask(connection, operatorSubject(partition), data, timeoutMs);
}

/** Asks the process that runs an ERP connection; as `askOperator`. */
export async function askRunner(
  connection: BrokerConnection,
  erpConnection: string,
  data: Uint8Array,
  timeoutMs: number,
): Promise<OperatorReply> {
  return await ask(connection, runnerOperatorSubject(erpConnection), data, timeoutMs);
}

/** Hands what an ERP has told of to the process that runs the connection; as `askOperator`. */
export async function notifyRunner(
  connection: BrokerConnection,
  erpConnection: string,
  data: Uint8Array,
  timeoutMs: number,
): Promise<OperatorReply> {
  return await ask(connection, runnerNotificationSubject(erpConnection), data, timeoutMs);
}

async function ask(
  connection: BrokerConnection,
  subject: string,
  data: Uint8Array,
  timeoutMs: number,
): Promise<OperatorReply> {
  try {
    const message = await connection.client.request(subject, data, { timeout: timeoutMs });
    return { outcome: "answered", data: message.data };
  } catch (error) {
    if (isNoResponders(error)) return { outcome: "no-owner" };
    const isTimeout = error instanceof NatsError && error.code === ErrorCode.Timeout.valueOf();
    return {
      outcome: "unknown",
      message: isTimeout ? `no answer within ${timeoutMs} ms` : describe(error),
    };
  }
}
