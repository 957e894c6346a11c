import type { FaultPlan } from "../common/fault-plan.ts";
import { deliver, isDeliveryFault } from "../common/faults.ts";
import type { AsynchronousJobs } from "./asynchronous-jobs.ts";
import type { FaultRule } from "./control-commands.ts";
import {
  concurrencyExceeded,
  invalidLogin,
  NetSuiteError,
  noSuchInstance,
  unexpectedError,
} from "./errors.ts";
import { isAsynchronous, type Answer, type ApiRequest } from "./http-exchange.ts";
import type { Login } from "./login.ts";
import { answerQuery } from "./query-service.ts";
import type { RecordService } from "./record-service.ts";
import type { RequestPool } from "./request-pool.ts";
import type { Books } from "./transaction-rules.ts";

export interface ExecutionParts {
  readonly records: RecordService;
  readonly jobs: AsynchronousJobs;
  readonly books: Books;
  readonly login: Login;
  readonly faults: FaultPlan<FaultRule>;
  readonly pool: RequestPool;
  readonly revoked: ReadonlySet<string>;
}

/** Does what a request asks for, with what is planned to go wrong. */
export class RequestExecution {
  readonly #parts: ExecutionParts;

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
  }

  /** What a request is answered; "lost": its connection is broken. Throws NetSuiteError. */
  async answer(request: ApiRequest): Promise<Answer | "lost"> {
    const { method, path } = request;
    const fault = this.#parts.faults.faultOf({ method, path: `/${path.join("/")}` });
    if (isDeliveryFault(fault))
      return deliver(fault, {
        perform: () => this.#perform(request, []),
        isRefusal: (error) => error instanceof NetSuiteError,
        serverError: (status) => {
          throw unexpectedError(status);
        },
      });
    switch (fault.kind) {
      case "throttle-storm":
        this.#parts.pool.beginStorm(fault.ms);
        throw concurrencyExceeded();
      case "invalid-login":
        this.#parts.login.note("overload");
        throw invalidLogin();
      case "token-expiry":
        this.#parts.login.expireTokens();
        this.#parts.login.note("AccessTokenRejected");
        throw invalidLogin();
      case "record-changed":
        throw new NetSuiteError(400, [{ detail: "Record has been changed", code: "RCRD_HAS_BEEN_CHANGED" }]);
      case "failing-items":
      default:
        return this.#perform(request, fault.places);
    }
  }

  #perform(request: ApiRequest, failingPlaces: readonly number[]): Answer {
    const [service, version] = request.path;
    if (service === "record" && version === "v1")
      return request.method !== "GET" && isAsynchronous(request)
        ? this.#parts.jobs.submit(request, failingPlaces)
        : this.#parts.records.answer(request);
    if (service === "query" && version === "v1" && request.path[2] === "suiteql")
      return answerQuery(request, this.#parts.books, this.#parts.revoked);
    if (service === "async" && version === "v1") return this.#parts.jobs.answer(request);
    throw noSuchInstance(`/services/rest/${request.path.join("/")}`);
  }
}
