import { ErrorCode, NatsError } from "nats";
import { TributaryError, messageOf } from "../../model/errors.ts";

/** Codes of the JetStream API (`err_code`) that mean something to us. */
const NO_SUITABLE_PEERS = 10005;
const CONSUMER_NOT_FOUND = 10014;
const MESSAGE_NOT_FOUND = 10037;
const NOT_ENABLED_FOR_ACCOUNT = 10039;
const STREAM_NOT_FOUND = 10059;
const WRONG_LAST_SEQUENCE = 10071;
const NOT_ENABLED = 10076;
/** Newer servers: the same refusal without the figure, given while another append is in flight. */
const WRONG_LAST_SEQUENCE_CONSTANT = 10164;
/** A message with the same Nats-Msg-Id is in flight: whether it will be stored is not known yet. */
const DUPLICATE_IN_FLIGHT = 10158;
/** A limit of the account, of the server's resources, or its disk: nothing was stored, and there may be room later. */
const FULL: ReadonlySet<number> = new Set([10002, 10023, 10028, 10047]);
/** The stream could not store the message; its description says why. */
const STORE_FAILED = 10077;
const NO_ROOM = /maximum (bytes|messages)|no space|insufficient/i;

function apiCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

export function isStreamNotFound(error: unknown): boolean {
  return apiCode(error) === STREAM_NOT_FOUND;
}

export function isConsumerNotFound(error: unknown): boolean {
  return apiCode(error) === CONSUMER_NOT_FOUND;
}

export function isMessageNotFound(error: unknown): boolean {
  return apiCode(error) === MESSAGE_NOT_FOUND;
}

export function isWrongLastSequence(error: unknown): boolean {
  const code = apiCode(error);
  return code === WRONG_LAST_SEQUENCE || code === WRONG_LAST_SEQUENCE_CONSTANT;
}

export function isDuplicateInFlight(error: unknown): boolean {
  return error instanceof AcknowledgedInFlight || apiCode(error) === DUPLICATE_IN_FLIGHT;
}

/** How servers before 2.11 say that a message with the same Nats-Msg-Id is in flight. */
class AcknowledgedInFlight extends Error {}

/**
 * Sequence of a message that is stored by its acknowledgement. In a cluster, servers before 2.11 acknowledge a repetition of a message that is still
 * in flight as a duplicate with sequence 0 (nats-server pull request 5827): whether it will be stored is open then, and it is asked again.
 * @throws what `isDuplicateInFlight` knows
 */
export function storedSequence({ seq }: { readonly seq: number }): number {
  if (seq > 0) return seq;
  throw new AcknowledgedInFlight("a message with the same id is in flight");
}

/** A limit of the stream, the account or the server is reached: nothing was stored. */
export function isFull(error: unknown): boolean {
  const code = apiCode(error);
  if (code === STORE_FAILED) return NO_ROOM.test(describe(error));
  return code !== undefined && FULL.has(code);
}

/** What a publication that the broker did not take fails with. */
export function refusalCode(error: unknown): "broker-full" | "publish-failed" {
  return isFull(error) ? "broker-full" : "publish-failed";
}

/** The stream answered and refused for good: nothing was stored, and the same again would be refused again. */
export function isRefusal(error: unknown): boolean {
  return apiCode(error) !== undefined && !isUnavailable(error);
}

/** No stream took the message at that moment (no leader, JetStream starting): nothing was stored. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  return error.api_error === undefined ? isNoResponders(error) : error.api_error.code === 503;
}

/** A cluster's leader does not see enough servers for the copies of a stream: some are starting or away. */
export function isWithoutPeers(error: unknown): boolean {
  return apiCode(error) === NO_SUITABLE_PEERS;
}

/** The server, or the account, has no JetStream: no wait mends that. */
export function isWithoutJetStream(error: unknown): boolean {
  const code = apiCode(error);
  return code === NOT_ENABLED || code === NOT_ENABLED_FOR_ACCOUNT;
}

/** Nobody listens on the subject. */
export function isNoResponders(error: unknown): boolean {
  return (
    error instanceof NatsError &&
    error.code === ErrorCode.NoResponders.valueOf() &&
    error.api_error === undefined
  );
}

/** The fault behind a failed request to the broker. `subject` says in a few words what was asked of what. */
export function brokerFault(error: unknown, subject: string): TributaryError {
  if (error instanceof TributaryError) return error;
  if (isStreamNotFound(error))
    return new TributaryError("stream-missing", `${subject}: the stream does not exist`, { cause: error });
  return new TributaryError("broker-unreachable", `${subject}: ${describe(error)}`, { cause: error });
}

/** A NatsError's message is often just its code: the API's description says more. */
export function describe(error: unknown): string {
  if (error instanceof NatsError) {
    if (error.api_error !== undefined)
      return `${error.api_error.description} (${error.api_error.err_code ?? error.code})`;
    if (error.code === ErrorCode.NoResponders.valueOf()) return "nobody answers (JetStream unavailable)";
  }
  return messageOf(error);
}
