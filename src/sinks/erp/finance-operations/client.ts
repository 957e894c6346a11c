import { ErpRequests, type ErpRequest, type ErpRequestsOptions } from "../common/erp-requests.ts";
import type { HttpReply } from "../common/http-client.ts";
import { faultOfReply } from "./classify-fault.ts";

/** Root of the OData service. */
export const DATA_ROOT = "/data";

export interface FinanceOperationsRequestOptions extends Omit<ErpRequest, "url" | "headers"> {
  /** From "/data" on, with its query. */
  readonly path: string;
  readonly headers?: ErpRequest["headers"];
}

export interface FinanceOperationsClientOptions extends Pick<
  ErpRequestsOptions,
  "authentication" | "http" | "clock" | "onRequest"
> {
  /** Origin of the environment, without a slash at its end. */
  readonly origin: string;
}

const ODATA_HEADERS = { accept: "application/json", "odata-version": "4.0", "odata-maxversion": "4.0" };

/** Requests to one environment. Each is sent once, or twice where an access token had ended. Rejects with ErpFault and nothing else. */
export class FinanceOperationsClient {
  readonly #origin: string;
  readonly #requests: ErpRequests;

  constructor({ origin, ...connection }: FinanceOperationsClientOptions) {
    this.#origin = origin;
    this.#requests = new ErpRequests({
      title: "Finance & Operations",
      ...connection,
      faultOf: ({ status, text }, effect, waitMs) =>
        faultOfReply({ status, text, retryAfterMs: waitMs }, effect),
    });
  }

  send({ path, headers, ...request }: FinanceOperationsRequestOptions): Promise<HttpReply> {
    return this.#requests.answer({
      ...request,
      url: this.#origin + path,
      headers: { ...ODATA_HEADERS, ...headers },
    });
  }
}
