import { type HttpReply } from "../common/http-client.ts";
import { ErpFault } from "../erp-sink.ts";
import { SESSION_DEADLINE_MS } from "./limits.ts";

/**
 * A session of OData: changes need an anti-forgery token (X-CSRF-Token) together with the cookies that came with it. One session serves many requests; it
 * is asked for once, however many wait for it, and again when SAP says that it has ended.
 */
export interface Session {
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends the request that asks for a session. */
export type SessionRequest = (
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<HttpReply>;

const TOKEN_HEADER = "x-csrf-token";

export class Sessions {
  readonly #request: SessionRequest;
  #held: Session | undefined;
  #underWay: Promise<Session> | undefined;

  constructor(request: SessionRequest) {
    this.#request = request;
  }

  /** Rejects with ErpFault; nothing was changed then. */
  async session(): Promise<Session> {
    if (this.#held !== undefined) return this.#held;
    this.#underWay ??= this.#open().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** SAP has forgotten this session; one that has come since stays. */
  ended(session: Session): void {
    if (this.#held === session) this.#held = undefined;
  }

  async #open(): Promise<Session> {
    const reply = await this.#request({ [TOKEN_HEADER]: "Fetch" }, AbortSignal.timeout(SESSION_DEADLINE_MS));
    const token = reply.header(TOKEN_HEADER);
    if (token === undefined || token === "" || /^required$/i.test(token))
      throw new ErpFault("transient", "SAP gave no anti-forgery token");
    const cookie = reply
      .headerValues("set-cookie")
      .map((line) => line.split(";", 1)[0] ?? "")
      .filter((pair) => pair.includes("="))
      .join("; ");
    const session = { headers: { [TOKEN_HEADER]: token, ...(cookie !== "" && { cookie }) } };
    this.#held = session;
    return session;
  }
}

/** Whether SAP refused a change because its session has ended. */
export function isSessionEnded({ status, header }: HttpReply): boolean {
  return status === 403 && /^required$/i.test(header(TOKEN_HEADER) ?? "");
}
