import { readFileSync } from "node:fs";
import type { Clock } from "../../../../src/model/clock.ts";
import { erpAdapter } from "../../../../src/sinks/erp/adapters.ts";
import type { MakeErpSink } from "../../../../src/sinks/erp/erp-adapter.ts";
import type { ErpSink } from "../../../../src/sinks/erp/erp-sink.ts";
import type { RequestClock } from "../../posting/request-clock.ts";
import type { SimProcess } from "../../posting/sim-process.ts";
import { PREFIX } from "../posted-month.ts";
import type { SimulatedErp } from "../simulated-erp.ts";

/** What makes the adapter's own sinks, from the settings of a connection. */
export async function preparedSinks(erp: SimulatedErp): Promise<MakeErpSink> {
  const faults: string[] = [];
  const prepared = erpAdapter(erp.adapter)?.prepare(
    erp.settings(),
    (_, value, file) => (file === undefined ? value : readFileSync(file, "utf8")),
    (setting, message) => faults.push(`${setting}: ${message}`),
  );
  if (prepared === undefined || faults.length > 0)
    throw new Error(`the settings of ${erp.adapter} are wrong: ${faults.join("; ")}`);
  return await prepared();
}

/** A sink by the clock of a test. */
export function openSink(makeSink: MakeErpSink, clock: Clock): ErpSink {
  return makeSink({
    prefix: PREFIX,
    // What a sink waits for in the middle of a request takes real time: virtual time stands still then.
    clock: {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      schedule: (delayMs, task) => {
        const timer = setTimeout(task, delayMs);
        return () => {
          clearTimeout(timer);
        };
      },
      yieldTurn: () =>
        new Promise((resolve) => {
          setImmediate(resolve);
        }),
    },
    random: () => 0.5,
    onRequest: () => undefined,
  });
}

/** Methods of a sink that make requests. */
const REQUESTS: ReadonlySet<PropertyKey> = new Set([
  "lookUp",
  "submit",
  "submitBatch",
  "poll",
  "pollBatch",
  "readBack",
  "check",
]);

/** The sink as a process has it: what is dead is told nothing, and time stands still while it is asked. */
export function sinkOfProcess(sink: ErpSink, process: SimProcess, clock: RequestClock): ErpSink {
  const asked = <Answer>(request: () => Promise<Answer>): Promise<Answer> =>
    process.call(() => clock.during(request));
  return new Proxy(sink, {
    get: (target, name) => {
      if (name === "scan")
        return (...parts: Parameters<ErpSink["scan"]>) => pagesOf(target.scan(...parts), asked);
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...parts: unknown[]): unknown => {
        const call = (): unknown => Reflect.apply(member, target, parts);
        return REQUESTS.has(name) ? asked(() => Promise.resolve(call())) : call();
      };
    },
  });
}

async function* pagesOf<Page>(
  pages: AsyncIterable<Page>,
  asked: <Answer>(request: () => Promise<Answer>) => Promise<Answer>,
): AsyncIterable<Page> {
  const iterator = pages[Symbol.asyncIterator]();
  for (;;) {
    const next = await asked(() => iterator.next());
    if (next.done === true) return;
    yield next.value;
  }
}
