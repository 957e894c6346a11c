import { z } from "zod";
import type { PostingCommand } from "../../src/model/posting.ts";
import { NOTHING_COMPARED } from "../../src/sinks/erp/common/compared.ts";
import {
  type ConnectionFinding,
  ErpFault,
  type ErpSink,
  type ErpSinkEnvironment,
  type FoundDocument,
  type PlannedPosting,
  type PollAnswer,
  type RequestContext,
  type SubmitAnswer,
} from "../../src/sinks/erp/erp-sink.ts";
import { TinybooksClient, type TinybooksOptions } from "./client.ts";
import { tinybooksDescription } from "./description.ts";
import { planVoucher } from "./plan.ts";

const storedSchema = z.object({
  id: z.string(),
  externalId: z.string(),
  date: z.string(),
  currency: z.string(),
  lines: z.array(z.object({ account: z.string(), amount: z.string() })),
});
const listSchema = z.object({ vouchers: z.array(storedSchema) });

/** Of a list, and of external ids in one question. */
const PAGE = 100;

/** Books that take a voucher by `PUT` under an id of ours: sent twice, it is there once. */
export class TinybooksSink implements ErpSink {
  readonly description = tinybooksDescription;
  readonly maxReadBack = PAGE;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs: number;
  readonly #prefix: string;
  readonly #client: TinybooksClient;

  constructor(options: TinybooksOptions, environment: ErpSinkEnvironment) {
    this.requestDeadlineMs = options.deadlineMs;
    this.settleDelayMs = options.settleDelayMs;
    this.#prefix = environment.prefix;
    this.#client = new TinybooksClient(options, environment);
  }

  plan(command: PostingCommand): PlannedPosting {
    return planVoucher(command, this.#prefix);
  }

  async lookUp(
    { externalId }: PlannedPosting,
    { signal }: RequestContext,
  ): Promise<readonly FoundDocument[]> {
    const body = await this.#client.send("look-up", { method: "GET", path: pathOf(externalId) }, signal);
    return body === undefined ? [] : [foundIn(read(storedSchema, body))];
  }

  async submit(plan: PlannedPosting, { signal }: RequestContext): Promise<SubmitAnswer> {
    const { request: body, externalId } = plan;
    const request = { method: "PUT", path: pathOf(externalId), body } as const;
    const { id } = read(storedSchema, await this.#client.send("submit-journal", request, signal));
    return { status: "confirmed", erp: { id, number: null } };
  }

  /** It answers at once and has nothing to be polled. */
  async poll(): Promise<PollAnswer> {
    await Promise.resolve();
    throw new ErpFault("validation", "Tinybooks is not polled");
  }

  async readBack(
    plans: readonly PlannedPosting[],
    { signal }: RequestContext,
  ): Promise<readonly FoundDocument[]> {
    const ids = plans.map(({ externalId }) => encodeURIComponent(externalId)).join(",");
    const body = await this.#client.send(
      "read-back",
      { method: "GET", path: `/vouchers?ids=${ids}` },
      signal,
    );
    return read(listSchema, body).vouchers.map(foundIn);
  }

  async *scan(sinceDate: string, { signal }: RequestContext) {
    for (let after = ""; ;) {
      const path = `/vouchers?since=${sinceDate}&after=${encodeURIComponent(after)}&limit=${PAGE}`;
      const { vouchers } = read(listSchema, await this.#client.send("scan", { method: "GET", path }, signal));
      const own = vouchers.filter(({ externalId }) => externalId.startsWith(this.#prefix));
      yield own.map(({ externalId, id }) => ({ externalId, erp: { id, number: null } }));
      if (vouchers.length < PAGE) return;
      after = vouchers.at(-1)?.id ?? "";
    }
  }

  async check(_kinds: unknown, { signal }: RequestContext): Promise<readonly ConnectionFinding[]> {
    try {
      await this.#client.send("check", { method: "GET", path: "/vouchers?ids=" }, signal);
      return [];
    } catch (fault) {
      if (!(fault instanceof ErpFault)) throw fault;
      if (fault.kind !== "authentication") throw fault;
      return [{ problem: "credentials", message: "Tinybooks refuses the token." }];
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function pathOf(externalId: string): string {
  return `/vouchers/${encodeURIComponent(externalId)}`;
}

/** An answer that can't be read says nothing of what was done. */
function read<Body>(schema: z.ZodType<Body>, body: unknown): Body {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ErpFault("unknown", "Tinybooks' answer is not what its interface says");
}

function foundIn({ id, externalId, date, currency, lines }: z.output<typeof storedSchema>): FoundDocument {
  return {
    erp: { id, number: null },
    externalId,
    document: {
      ...NOTHING_COMPARED,
      currency,
      date,
      lines: lines.map(({ account: reference, amount }) => ({ reference, amount })),
    },
    payment: null,
  };
}
