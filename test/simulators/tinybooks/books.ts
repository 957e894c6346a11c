import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../common/http-messages.ts";
import { LoopbackServer } from "../common/loopback-server.ts";

/** A voucher as the books have it. */
export interface StoredVoucher {
  readonly id: string;
  readonly externalId: string;
  readonly date: string;
  readonly currency: string;
  readonly text: string;
  readonly lines: readonly { readonly account: string; readonly amount: string }[];
}

/** `lost-after`: done, and the connection breaks instead of an answer; `lost-before`: not done. */
export type BooksFault = "lost-after" | "lost-before" | "too-many" | "server-error";

/** The small bookkeeping system of docs/erp/adding-one.md: as strict as its interface says. */
export class Tinybooks {
  readonly vouchers = new Map<string, StoredVoucher>();
  readonly accounts = new Set<string>();
  readonly closedMonths = new Set<string>();
  /** What becomes of the next requests that write. */
  readonly faults: BooksFault[] = [];
  requests = 0;
  readonly #token: string;
  readonly #server = new LoopbackServer((request, response) => this.#serve(request, response));

  private constructor(token: string) {
    this.#token = token;
  }

  static async start(token: string, accounts: readonly string[]): Promise<Tinybooks> {
    const books = new Tinybooks(token);
    for (const account of accounts) books.accounts.add(account);
    await books.#server.listen();
    return books;
  }

  get url(): string {
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const body = await readBody(request);
    const fault = request.method === "PUT" ? this.faults.shift() : undefined;
    if (fault === "lost-before") {
      request.socket.destroy();
      return;
    }
    const [status, answer] =
      fault === "too-many" || fault === "server-error"
        ? ([fault === "too-many" ? 429 : 500, { error: fault }] as const)
        : this.#answer(request, body);
    if (fault === "lost-after") request.socket.destroy();
    else {
      response.writeHead(status, {
        "content-type": "application/json",
        ...(status === 429 && { "retry-after": "7" }),
      });
      response.end(JSON.stringify(answer));
    }
  }

  #answer(request: IncomingMessage, body: string): readonly [number, unknown] {
    if (request.headers.authorization !== `Bearer ${this.#token}`) return [401, { error: "token" }];
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const externalId = decodeURIComponent(pathname.replace(/^\/vouchers\/?/, ""));
    if (request.method === "PUT") return this.#put(externalId, JSON.parse(body));
    if (externalId !== "") {
      const found = this.vouchers.get(externalId);
      return found === undefined ? [404, { error: "no-such-voucher" }] : [200, found];
    }
    const ids = searchParams.get("ids");
    const all = [...this.vouchers.values()];
    if (ids !== null)
      return [200, { vouchers: all.filter((voucher) => ids.split(",").includes(voucher.externalId)) }];
    const after = Number(searchParams.get("after") ?? "");
    const rest = all.filter(({ id }) => Number(id) > after);
    return [200, { vouchers: rest.slice(0, Number(searchParams.get("limit"))) }];
  }

  #put(externalId: string, given: Omit<StoredVoucher, "id" | "externalId">): readonly [number, unknown] {
    const known = this.vouchers.get(externalId);
    const { date, currency, text, lines } = given;
    if (known !== undefined) {
      const isSame =
        JSON.stringify([known.date, known.currency, known.lines]) === JSON.stringify([date, currency, lines]);
      return isSame ? [200, known] : [409, { error: "other-voucher" }];
    }
    if (lines.some(({ account }) => !this.accounts.has(account))) return [422, { error: "unknown-account" }];
    if (this.closedMonths.has(date.slice(0, 7))) return [422, { error: "closed-period" }];
    const cents = lines.reduce((sum, { amount }) => sum + BigInt(amount.replace(".", "")), 0n);
    if (cents !== 0n) return [422, { error: "unbalanced" }];
    const stored = { id: String(this.vouchers.size + 1), externalId, date, currency, text, lines };
    this.vouchers.set(externalId, stored);
    return [201, stored];
  }
}
