import type { IncomingMessage } from "node:http";
import { accountHost, accountRealm, type Account } from "./account.ts";
import { invalidLogin } from "./errors.ts";
import {
  MachineAuthentication,
  type MachineCredentials,
  type TokenAnswer,
} from "./machine-authentication.ts";
import { TokenAuthentication, type TokenCredentials } from "./token-authentication.ts";

export interface LoginOptions {
  readonly token?: TokenCredentials | undefined;
  readonly machine?: MachineCredentials | undefined;
  readonly tokenLifetimeSeconds?: number | undefined;
  readonly minNonceLength?: number | undefined;
  /** Whether the account may be reached by its loopback address too, not only by its own host name. */
  readonly allowsLoopback: boolean;
}

export const TOKEN_PATH = "/services/rest/auth/oauth2/v1/token";
/** Reasons that are kept for people to look at. */
const MAX_AUDIT = 1_000;

/** Who may come in, by which name of the host. */
export class Login {
  readonly audit: string[] = [];
  /** Whoever asks is refused, with tokens too. */
  isRefusing = false;
  readonly #account: Account;
  readonly #token: TokenAuthentication | undefined;
  readonly #machine: MachineAuthentication | undefined;
  readonly #allowsLoopback: boolean;

  constructor(account: Account, options: LoginOptions) {
    this.#account = account;
    this.#allowsLoopback = options.allowsLoopback;
    const { token, machine } = options;
    if (token !== undefined)
      this.#token = new TokenAuthentication(token, accountRealm(account), options.minNonceLength);
    if (machine !== undefined)
      this.#machine = new MachineAuthentication(machine, options.tokenLifetimeSeconds);
  }

  /** What URLs of a request begin with; undefined where the host is not the account's. */
  originOf(request: IncomingMessage): string | undefined {
    const host = request.headers.host ?? "";
    if (host === accountHost(this.#account)) return `https://${host}`;
    const isOwn = host === `127.0.0.1:${request.socket.localPort}`;
    return isOwn && this.#allowsLoopback ? `http://${host}` : undefined;
  }

  /** Throws INVALID_LOGIN; the reason is in the audit only. */
  check(request: IncomingMessage, origin: string, nowMs: number): void {
    const refusal = this.#refusalOf(request, origin, nowMs / 1_000);
    if (refusal === undefined) return;
    this.note(refusal);
    throw invalidLogin();
  }

  async answerToken(form: URLSearchParams, origin: string, nowMs: number): Promise<TokenAnswer> {
    if (this.isRefusing)
      return { status: 400, body: { error: "invalid_grant" }, refusal: "CertificateRevoked" };
    if (this.#machine === undefined)
      return { status: 400, body: { error: "unauthorized_client" }, refusal: "FeatureDisabled" };
    const audiences = [`https://${accountHost(this.#account)}${TOKEN_PATH}`, `${origin}${TOKEN_PATH}`];
    const answer = await this.#machine.answer(form, audiences, nowMs / 1_000);
    if (answer.refusal !== undefined) this.note(answer.refusal);
    return answer;
  }

  expireTokens(): void {
    this.#machine?.expireTokens();
  }

  note(reason: string): void {
    if (this.audit.length < MAX_AUDIT) this.audit.push(reason);
  }

  #refusalOf(request: IncomingMessage, origin: string, nowSeconds: number): string | undefined {
    if (this.isRefusing) return "CredentialsRevoked";
    const { authorization } = request.headers;
    if (authorization === undefined) return "MissingCredentials";
    const [, bearer] = /^Bearer\s+(\S+)$/i.exec(authorization) ?? [];
    if (bearer !== undefined)
      return this.#machine?.accepts(bearer, nowSeconds) === true ? undefined : "AccessTokenRejected";
    if (this.#token === undefined) return "FeatureDisabled";
    const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
    const signed = { method: request.method ?? "", baseUrl: `${origin}${path}`, query, authorization };
    return this.#token.refusalOf(signed, nowSeconds);
  }
}
