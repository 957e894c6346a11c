import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { basicHeader, clientHeader, isSameSecret } from "../common/credentials.ts";
import { SapError, unauthorized } from "./errors.ts";

/** Communication users that the system knows, one of each kind at most. */
export interface Users {
  readonly basic?: { readonly username: string; readonly password: string };
  readonly oauth?: { readonly clientId: string; readonly clientSecret: string };
  /** Common name of the subject of client certificates, which the server's authority has signed. */
  readonly certificate?: { readonly commonName: string };
}

export const TOKEN_PATH = "/sap/bc/sec/oauth2/token";

/** Who may in: passwords, access tokens, client certificates. */
export class Login {
  readonly #users: Users;
  readonly #tokenLifetimeSeconds: number;
  readonly #nowMs: () => number;
  readonly #tokens = new Map<string, number>();
  isRefusing = false;
  /** Access tokens that were given out. */
  issued = 0;

  constructor(users: Users, tokenLifetimeSeconds: number, nowMs: () => number) {
    this.#users = users;
    this.#tokenLifetimeSeconds = tokenLifetimeSeconds;
    this.#nowMs = nowMs;
  }

  /** Name of the user. Throws where nobody is shown. */
  check(request: IncomingMessage): string {
    const header = request.headers.authorization;
    if (this.isRefusing) throw unauthorized();
    if (header === undefined) return this.#byCertificate(request);
    const { basic } = this.#users;
    if (basic !== undefined && isSameSecret(header, basicHeader(basic.username, basic.password)))
      return basic.username;
    const [, token = ""] = /^Bearer (\S+)$/.exec(header) ?? [];
    const endMs = this.#tokens.get(token);
    if (this.#users.oauth !== undefined && endMs !== undefined && endMs > this.#nowMs())
      return this.#users.oauth.clientId;
    throw unauthorized();
  }

  /** RFC 6749, section 4.4, with the client by HTTP Basic. */
  answerToken(request: IncomingMessage, body: string): object {
    const { oauth } = this.#users;
    const type = request.headers["content-type"] ?? "";
    const form = new URLSearchParams(body);
    if (request.method !== "POST" || !type.startsWith("application/x-www-form-urlencoded"))
      throw tokenError(400, "invalid_request");
    if (form.get("grant_type") !== "client_credentials") throw tokenError(400, "unsupported_grant_type");
    const right =
      oauth !== undefined &&
      !this.isRefusing &&
      isSameSecret(request.headers.authorization ?? "", clientHeader(oauth.clientId, oauth.clientSecret));
    if (!right) throw tokenError(401, "invalid_client");
    const token = randomBytes(24).toString("hex");
    this.#tokens.set(token, this.#nowMs() + this.#tokenLifetimeSeconds * 1000);
    this.issued += 1;
    return { access_token: token, token_type: "Bearer", expires_in: this.#tokenLifetimeSeconds };
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  #byCertificate({ socket }: IncomingMessage): string {
    const { certificate } = this.#users;
    if (certificate !== undefined && socket instanceof TLSSocket && socket.authorized) {
      const commonName = socket.getPeerCertificate().subject?.CN;
      if (commonName === certificate.commonName) return commonName;
    }
    throw unauthorized();
  }
}

function tokenError(status: number, error: string): SapError {
  return new SapError(status, error, JSON.stringify({ error }), {
    form: "text",
    headers: { "content-type": "application/json" },
  });
}
