import { ErpRequests, type ErpRequest, type ErpRequestsOptions } from "../common/erp-requests.ts";
import type { HttpReply } from "../common/http-client.ts";
import { ErpFault } from "../erp-sink.ts";
import { faultOfReply } from "./classify-fault.ts";
import { LOGIN_REFUSALS_UNTIL_FAULT, MAX_REQUEST_BYTES } from "./limits.ts";

export interface NetsuiteRequestOptions extends Omit<ErpRequest, "url" | "headers"> {
  /** From "/services/rest" on, with its query. */
  readonly path: string;
  readonly headers?: ErpRequest["headers"];
}

export interface NetsuiteClientOptions extends Pick<
  ErpRequestsOptions,
  "authentication" | "http" | "clock" | "onRequest"
> {
  /** Origin of the account's services, without a slash at its end. */
  readonly origin: string;
}

/** Signed requests to one account. Each is sent once, or twice where an access token had ended. Rejects with ErpFault and nothing else. */
export class NetsuiteClient {
  readonly #origin: string;
  readonly #requests: ErpRequests;
  /** Refusals of the credentials since they were last accepted. */
  #refusals = 0;
  #hasBeenAccepted = false;

  constructor({ origin, ...connection }: NetsuiteClientOptions) {
    this.#origin = origin;
    this.#requests = new ErpRequests({
      title: "NetSuite",
      maxRequestBytes: MAX_REQUEST_BYTES,
      ...connection,
      faultOf: ({ status, text }, effect, waitMs) =>
        faultOfReply({ status, text, retryAfterMs: waitMs }, effect),
      refused: (fault) => this.#refused(fault),
    });
  }

  async send({ path, headers, ...request }: NetsuiteRequestOptions): Promise<HttpReply> {
    const reply = await this.#requests.answer({
      ...request,
      url: this.#origin + path,
      headers: { accept: "application/json", ...headers },
    });
    this.#refusals = 0;
    this.#hasBeenAccepted = true;
    return reply;
  }

  /** An overloaded account refuses credentials that it had accepted: only several refusals in a row mean them. */
  #refused(fault: ErpFault): ErpFault {
    this.#refusals += 1;
    const isOverload =
      this.#hasBeenAccepted && this.#refusals < LOGIN_REFUSALS_UNTIL_FAULT && fault.code === OVERLOAD_CODE;
    return isOverload ? new ErpFault("throttle", fault.message, { code: fault.code, cause: fault }) : fault;
  }
}

const OVERLOAD_CODE = "INVALID_LOGIN";
