import { ErpRequests, type ErpRequest, type ErpRequestsOptions } from "../common/erp-requests.ts";
import type { HttpReply } from "../common/http-client.ts";
import { faultOfReply } from "./classify-fault.ts";
import { MAX_REQUEST_BYTES } from "./limits.ts";
import { isSessionEnded, Sessions } from "./session.ts";

export interface SapRequestOptions extends Omit<ErpRequest, "url" | "headers" | "reads"> {
  /** From "/sap/" on, with its query. */
  readonly path: string;
  readonly headers?: ErpRequest["headers"];
}

export interface SapClientOptions extends Pick<
  ErpRequestsOptions,
  "authentication" | "http" | "clock" | "onRequest"
> {
  /** Origin of the system, without a slash at its end. */
  readonly origin: string;
}

/** What opens a session: any page of the service that is changed. */
const SESSION_PATH = "/sap/opu/odata/sap/API_BUSINESS_PARTNER/?$format=json";

/** Requests to one system. Each is sent once, or twice where a token or a session had ended. Rejects with ErpFault and nothing else. */
export class SapClient {
  readonly #origin: string;
  readonly #requests: ErpRequests;
  readonly #sessions: Sessions;

  constructor({ origin, ...connection }: SapClientOptions) {
    this.#origin = origin;
    this.#requests = new ErpRequests({
      title: "SAP",
      maxRequestBytes: MAX_REQUEST_BYTES,
      ...connection,
      faultOf: ({ status, text }, effect, waitMs) =>
        faultOfReply({ status, text, retryAfterMs: waitMs }, effect),
    });
    this.#sessions = new Sessions((headers, signal) =>
      this.send({
        operation: "open-session",
        method: "GET",
        path: SESSION_PATH,
        effect: "read",
        headers,
        signal,
      }),
    );
  }

  send(request: SapRequestOptions): Promise<HttpReply> {
    return this.#requests.answer(this.#addressed(request));
  }

  /** A change by OData, in a session. SAP did nothing where the session had ended. */
  async change(request: SapRequestOptions): Promise<HttpReply> {
    const session = await this.#sessions.session();
    const { reply, fault } = await this.#requests.send(this.#addressed(request, session.headers));
    if (fault === undefined) return reply;
    if (!isSessionEnded(reply)) throw fault;
    this.#sessions.ended(session);
    const { headers } = await this.#sessions.session();
    return this.#requests.answer(this.#addressed(request, headers));
  }

  #addressed(
    { path, headers, ...request }: SapRequestOptions,
    session: ErpRequest["headers"] = {},
  ): ErpRequest {
    return {
      ...request,
      url: this.#origin + path,
      headers: { accept: "application/json", ...headers, ...session },
    };
  }
}
