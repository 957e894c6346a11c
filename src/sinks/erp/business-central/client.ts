import { ErpRequests, type ErpRequest, type ErpRequestsOptions } from "../common/erp-requests.ts";
import type { HttpReply } from "../common/http-client.ts";
import { faultOfReply } from "./classify-fault.ts";
import { jsonOf } from "./error-reply.ts";
import { MAX_REQUEST_BYTES } from "./limits.ts";

export interface BusinessCentralRequestOptions extends Omit<ErpRequest, "url" | "headers" | "reads"> {
  /** Behind "…/api/v2.0/", with its query. */
  readonly path: string;
  readonly headers?: ErpRequest["headers"];
}

export interface BusinessCentralClientOptions extends Pick<
  ErpRequestsOptions,
  "authentication" | "http" | "clock" | "onRequest"
> {
  /** Address of the environment's API: "https://…/v2.0/<tenant>/<environment>/api/v2.0". */
  readonly base: string;
}

/** What was answered: the body as JSON with numbers as their texts, undefined where there is none. */
export interface BusinessCentralReply {
  readonly status: number;
  readonly body: unknown;
}

/** Requests to one environment. Each is sent once, or twice where the access token had ended. Rejects with ErpFault and nothing else. */
export class BusinessCentralClient {
  readonly base: string;
  readonly #requests: ErpRequests;

  constructor({ base, ...connection }: BusinessCentralClientOptions) {
    this.base = base;
    this.#requests = new ErpRequests({
      title: "Business Central",
      maxRequestBytes: MAX_REQUEST_BYTES,
      ...connection,
      faultOf: (reply, effect, waitMs) => faultOfReply({ ...answerOf(reply), retryAfterMs: waitMs }, effect),
    });
  }

  async send({ path, headers, ...request }: BusinessCentralRequestOptions): Promise<BusinessCentralReply> {
    const reply = await this.#requests.answer({
      ...request,
      url: `${this.base}/${path}`,
      headers: {
        accept: "application/json",
        ...(request.body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
    });
    return answerOf(reply);
  }
}

function answerOf({ status, text }: HttpReply): BusinessCentralReply {
  return { status, body: jsonOf(text) };
}
