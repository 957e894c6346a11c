// @ts-check
import { connect } from "nats";
import { PARTITION_COUNT } from "./workspace.mjs";

const RATED_STREAM = "RATED";
/** Amounts are added as integers of this many decimal places: more than any currency has. */
export const AMOUNT_SCALE = 4;

/**
 * Looks at the broker from outside, as an analytics consumer would: adds up the rated aggregates that the worker
 * publishes, and asks the usage streams how much they hold.
 */
export class BrokerView {
  #connection;
  #manager;
  /** @type {Map<string, bigint>} */
  #amounts = new Map();
  /** @type {import("nats").ConsumerMessages | undefined} */
  #following;
  #ratedSequence = 0;
  /** Rated aggregates read so far. */
  rated = 0;
  /** @type {Error | undefined} */
  fault;

  /**
   * @param {import("nats").NatsConnection} connection
   * @param {import("nats").JetStreamManager} manager
   */
  constructor(connection, manager) {
    this.#connection = connection;
    this.#manager = manager;
  }

  /** @param {string} serverUrl */
  static async open(serverUrl) {
    const connection = await connect({ servers: serverUrl, name: "demo" });
    return new BrokerView(connection, await connection.jetstreamManager());
  }

  /** Reads the rated aggregates from the first on; the stream must exist. */
  async followRated() {
    const consumer = await this.#connection.jetstream().consumers.get(RATED_STREAM);
    this.#following = await consumer.consume({
      callback: (message) => {
        try {
          this.#add(message.json());
          this.#ratedSequence = message.seq;
        } catch (error) {
          this.fault = error instanceof Error ? error : new Error(String(error));
        }
      },
    });
  }

  /** Charges that the rated aggregates say, by currency, as decimal numbers. */
  amounts() {
    return new Map([...this.#amounts].map(([currency, units]) => [currency, decimalText(units)]));
  }

  /** Last sequence of each partition's usage stream. */
  async storedMessages() {
    const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
    return new Map(
      await Promise.all(
        partitions.map(async (partition) => {
          const { state } = await this.#manager.streams.info(`USAGE_${partition}`);
          return /** @type {const} */ ([partition, state.last_seq]);
        }),
      ),
    );
  }

  /** Whether all rated aggregates that are published have been read. */
  async hasReadAll() {
    const { state } = await this.#manager.streams.info(RATED_STREAM);
    return this.#ratedSequence === state.last_seq;
  }

  async close() {
    // Left open, it goes on asking the closed connection.
    await this.#following?.close();
    await this.#connection.close();
  }

  /** @param {{ data: { currency: string, amount: string | null } }[]} events one message: a CloudEvents batch */
  #add(events) {
    for (const { data } of events) {
      this.rated++;
      if (data.amount === null) continue;
      this.#amounts.set(data.currency, (this.#amounts.get(data.currency) ?? 0n) + decimalUnits(data.amount));
    }
  }
}

/**
 * @param {string} text such as `-0.25`
 * @returns {bigint} in units of 10^−{@link AMOUNT_SCALE}
 */
export function decimalUnits(text) {
  const [, sign, whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === "" || fraction.length > AMOUNT_SCALE) throw new Error(`${text} is no amount`);
  const units = BigInt(whole + fraction.padEnd(AMOUNT_SCALE, "0"));
  return sign === "-" ? -units : units;
}

/** @param {bigint} units */
export function decimalText(units) {
  const digits = (units < 0n ? -units : units).toString().padStart(AMOUNT_SCALE + 1, "0");
  const text = `${digits.slice(0, -AMOUNT_SCALE)}.${digits.slice(-AMOUNT_SCALE)}`.replace(
    /(\.\d\d)0+$/,
    "$1",
  );
  return units < 0n ? `-${text}` : text;
}
