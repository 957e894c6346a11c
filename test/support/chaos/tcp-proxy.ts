import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * What the line does: `pass` carries bytes; `cut` resets what is connected and whoever connects; `hang` keeps connections open and carries nothing,
 * so that what was sent arrives when it is over; `delay` carries each piece later.
 */
export type LineMode =
  | { readonly kind: "pass" }
  | { readonly kind: "cut" }
  | { readonly kind: "hang" }
  | { readonly kind: "delay"; readonly delayMs: number };

const LOOPBACK = "127.0.0.1";
/** Bytes of a direction that wait in the proxy; then the sender is not read any more, as by a slow receiver. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** A line between clients and a server on loopback, with ports of its own, that can be made to fail. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #targetPort: number;
  #mode: LineMode = { kind: "pass" };

  private constructor(server: Server, port: number, targetPort: number) {
    this.#server = server;
    this.port = port;
    this.#targetPort = targetPort;
    server.on("connection", (client) => {
      this.#accept(client);
    });
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, LOOPBACK, resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a port was expected");
    return new TcpProxy(server, address.port, targetPort);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#pairs.size;
  }

  set(mode: LineMode): void {
    this.#mode = mode;
    for (const pair of this.#pairs)
      if (mode.kind === "cut") pair.reset();
      else pair.changed();
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.reset();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  #accept(client: Socket): void {
    if (this.#mode.kind === "cut") {
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = new Pair(
      client,
      connect(this.#targetPort, LOOPBACK),
      () => this.#mode,
      () => {
        this.#pairs.delete(pair);
      },
    );
    this.#pairs.add(pair);
  }
}

/** A client's connection and the one to the server that belongs to it. */
class Pair {
  readonly #sockets: readonly Socket[];
  readonly #directions: readonly Direction[];
  #isOpen = true;

  constructor(client: Socket, server: Socket, mode: () => LineMode, closed: () => void) {
    this.#sockets = [client, server];
    this.#directions = [new Direction(client, server, mode), new Direction(server, client, mode)];
    const reset = (): void => {
      if (!this.#isOpen) return;
      this.reset();
      closed();
    };
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      // An error is followed by "close".
      socket.on("error", () => undefined);
      socket.once("close", reset);
    }
  }

  reset(): void {
    this.#isOpen = false;
    for (const direction of this.#directions) direction.stop();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  changed(): void {
    for (const direction of this.#directions) direction.forward();
  }
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly receivedMs: number;
}

/** Carries the bytes of one direction, in order. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #mode: () => LineMode;
  readonly #pieces: Piece[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, mode: () => LineMode) {
    this.#from = from;
    this.#to = to;
    this.#mode = mode;
    from.on("data", (bytes) => {
      this.#pieces.push({ bytes, receivedMs: performance.now() });
      this.#waitingBytes += bytes.length;
      if (this.#waitingBytes > MAX_WAITING_BYTES) from.pause();
      this.forward();
    });
  }

  /** Sends on what may be sent now. */
  forward(): void {
    clearTimeout(this.#timer);
    const mode = this.#mode();
    if (mode.kind === "hang" || mode.kind === "cut") return;
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      const waitMs =
        mode.kind === "delay" ? Math.ceil(piece.receivedMs + mode.delayMs - performance.now()) : 0;
      if (waitMs > 0) {
        this.#timer = setTimeout(() => {
          this.forward();
        }, waitMs);
        return;
      }
      this.#pieces.shift();
      this.#waitingBytes -= piece.bytes.length;
      this.#to.write(piece.bytes);
    }
    this.#from.resume();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#pieces.length = 0;
  }
}
