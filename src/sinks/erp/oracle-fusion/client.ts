import type { Clock } from "../../../model/clock.ts";
import { type ExactJson, readExactJson, writeExactJson } from "../../http/exact-json.ts";
import { ErpRequests, type ErpRequestsOptions, type RequestEffect } from "../common/erp-requests.ts";
import { ErpFault } from "../erp-sink.ts";
import { faultOfReply } from "./classify-fault.ts";
import { MAX_REQUEST_BYTES } from "./limits.ts";
import {
  nodesOf,
  soapBody,
  soapEnvelope,
  type SoapParameter,
  type SoapService,
  type XmlNode,
} from "./soap.ts";

export interface OracleClientOptions extends Pick<
  ErpRequestsOptions,
  "authentication" | "http" | "clock" | "onRequest"
> {
  /** Origin of the environment, without a slash at its end. */
  readonly origin: string;
}

export interface RestRequest {
  /** Fixed word for metrics. */
  readonly operation: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From "/" on, with its query. */
  readonly path: string;
  readonly body?: ExactJson;
  readonly signal: AbortSignal;
}

export interface SoapRequest {
  readonly operation: string;
  readonly service: SoapService;
  /** Name of the service's operation. */
  readonly call: string;
  readonly parameters: readonly SoapParameter[];
  readonly effect: RequestEffect;
  readonly signal: AbortSignal;
}

/** Shapes of lists and errors differ by version; 1 is the default. */
const FRAMEWORK_VERSION = "4";
const ITEM_TYPE = "application/vnd.oracle.adf.resourceitem+json";

/** Requests to one environment. Each is sent once, or twice where an access token had ended. Rejects with ErpFault and nothing else. */
export class OracleClient {
  /** The clock of the connection, for what depends on time. */
  readonly clock: Clock;
  readonly #origin: string;
  readonly #requests: ErpRequests;

  constructor({ origin, ...connection }: OracleClientOptions) {
    this.#origin = origin;
    this.clock = connection.clock;
    this.#requests = new ErpRequests({
      title: "Oracle",
      maxRequestBytes: MAX_REQUEST_BYTES,
      ...connection,
      faultOf: ({ status, text, header }, effect, waitMs) =>
        faultOfReply(
          { status, text, contentType: header("content-type") ?? "", retryAfterMs: waitMs },
          effect,
        ),
    });
  }

  /** Body of the answer, its numbers as texts; undefined where it has none. */
  async rest({ operation, method, path, body, signal }: RestRequest): Promise<unknown> {
    const effect = method === "GET" ? "read" : "write";
    const reply = await this.#requests.answer({
      operation,
      method,
      url: this.#origin + path,
      ...(body !== undefined && { body: writeExactJson(body) }),
      headers: {
        accept: "application/json",
        "rest-framework-version": FRAMEWORK_VERSION,
        ...(body !== undefined && { "content-type": ITEM_TYPE }),
      },
      effect,
      signal,
    });
    if (reply.text.trim() === "") return undefined;
    try {
      return readExactJson(reply.text);
    } catch {
      throw new ErpFault(effect === "read" ? "transient" : "unknown", "Oracle answered with what is no JSON");
    }
  }

  /** What the operation has answered: the node `<call>Response`. */
  async soap({ operation, service, call, parameters, effect, signal }: SoapRequest): Promise<XmlNode> {
    const reply = await this.#requests.answer({
      operation,
      method: "POST",
      url: this.#origin + service.path,
      body: soapEnvelope(service, call, parameters),
      headers: {
        accept: "text/xml",
        "content-type": "text/xml;charset=UTF-8",
        soapaction: `"${service.types.replace(/types\/$/, "")}${call}"`,
      },
      effect,
      signal,
    });
    const body = soapBody(reply.text);
    // By the rules of SOAP 1.1 a fault may also come with 200.
    if (nodesOf(body, "Fault").length > 0) throw this.#requests.faultOf(reply, effect);
    if (body === undefined || !Object.hasOwn(body, `${call}Response`))
      throw new ErpFault(
        effect === "read" ? "transient" : "unknown",
        "Oracle answered with what is no envelope",
      );
    return nodesOf(body, `${call}Response`)[0] ?? {};
  }
}
