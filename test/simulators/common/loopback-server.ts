import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";

/** The server's key and certificate, and who signs client certificates, as PEM. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** What a simulator listens with, on 127.0.0.1 only. */
export class LoopbackServer {
  readonly #server;
  readonly #scheme: "http" | "https";
  #port = 0;

  /** @param tls it listens with TLS then, and asks for client certificates */
  constructor(
    serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
    tls?: TlsOptions,
  ) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      void serve(request, response);
    };
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server =
      tls === undefined
        ? createServer(listener)
        : // Who shows no certificate may still log in otherwise.
          createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, listener);
  }

  /** @param port any that is free where none is given */
  async listen(port = 0): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Without a slash at the end. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Breaks all connections. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
