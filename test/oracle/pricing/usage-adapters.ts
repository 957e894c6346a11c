import { BillingCalendar } from "../../../src/billing/periods.ts";
import { tumbling } from "../../../src/operators/window/window-assigner.ts";
import type { PricingAdapter } from "./adapter.ts";
import { catalogOf, METER } from "./priced-plan.ts";
import { type EventFate, timeOf, type UsageEvent, UsageRun } from "./usage-run.ts";
import { type Fields, fieldsOf, knowOnly, listOf, textOf, UnknownCase } from "./values.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.parse("2025-01-01T00:00:00Z");
const NUMBER = /^-?\d+(\.\d+)?$/;

function sumMeter(changes: Fields = {}): Fields {
  return {
    key: METER,
    event_type: "usage",
    aggregation: "sum",
    value_property: "value",
    scale: 12,
    ...changes,
  };
}

/** Values of an event; the cases write numbers as texts. */
function payload(values: Fields): Pick<UsageEvent, "data" | "numbers"> {
  const entries = Object.entries(values).map(([name, value]): [string, unknown] => [
    name,
    typeof value === "number" ? String(value) : value,
  ]);
  const isNumber = (value: unknown): value is string => typeof value === "string" && NUMBER.test(value);
  return {
    numbers: Object.fromEntries(entries.filter((entry): entry is [string, string] => isNumber(entry[1]))),
    data: Object.fromEntries(entries.filter(([, value]) => !isNumber(value))),
  };
}

/** The quantity of the only price period, "0" where there is none; and its events. */
function periodOf(run: UsageRun, periodStart?: string): { readonly value: string; readonly count: number } {
  const emitted = run.rated.filter(
    ({ kind, start }) => kind === "period" && (periodStart === undefined || start === periodStart),
  );
  return { value: emitted.at(-1)?.value ?? "0", count: emitted.at(-1)?.events ?? 0 };
}

const dedupeAdapter: PricingAdapter = {
  models: ["dedupe"],
  answer(pricingCase) {
    knowOnly(
      pricingCase,
      ["key", "policy", "store"],
      ["submit_same_event_times", "batch", "versions", "filter"],
    );
    const { input, expected } = pricingCase;
    const filters = Object.entries(fieldsOf(input["filter"] ?? {})).map(([property, value]) => ({
      property,
      any_of: [textOf(value)],
    }));
    const run = new UsageRun(catalogOf({ meters: [sumMeter({ filters })] }));
    const event = { timeMs: START_MS, ...payload({ value: "1" }) };
    let fates: EventFate[];
    if (input["versions"] !== undefined)
      fates = listOf(input["versions"]).map((values) =>
        run.take({ id: "same", timeMs: START_MS, ...payload(fieldsOf(values)) }),
      );
    else if (input["batch"] !== undefined)
      fates = listOf(input["batch"]).map((id) => run.take({ ...event, id: textOf(id) }));
    else {
      const times = Number(textOf(input["submit_same_event_times"]));
      fates = Array.from({ length: times }, () => run.take({ ...event, id: "same" }));
    }
    run.closeUpTo(Date.parse("2025-03-01T00:00:00Z"));
    // What we call accepted is called unique by some.
    const accepted = listOf(expected["results"]).includes("unique") ? "unique" : "accepted";
    return {
      results: fates.map(({ outcome }) => (outcome === "accepted" ? accepted : outcome)),
      error_indexes: fates.flatMap(({ outcome }, index) => (outcome === "accepted" ? [] : [index])),
      ...periodOf(run),
    };
  },
};

const redeliveryAdapter: PricingAdapter = {
  models: ["redelivery"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["key"], ["messages"]);
    const run = new UsageRun(catalogOf({}));
    const fates = listOf(pricingCase.input["messages"]).map((message) => {
      const [source, id] = listOf(message).map(textOf);
      return run.take({ id: id ?? "", source: source ?? "", timeMs: START_MS, ...payload({ value: "1" }) });
    });
    return { buffered: fates.filter(({ outcome }) => outcome === "accepted").length };
  },
};

const filterAdapter: PricingAdapter = {
  models: ["dedupe_window_filter"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["key", "aggregation", "filter", "window"], ["events", "every_event_sent_twice"]);
    const { config, input } = pricingCase;
    const [aggregation = "", property = ""] = textOf(config["aggregation"]).split(" ");
    const { customer, ...values } = fieldsOf(config["filter"]);
    const filters = Object.entries(values).map(([name, value]) => ({
      property: name,
      any_of: [textOf(value)],
    }));
    const run = new UsageRun(
      catalogOf({
        meters: [sumMeter({ aggregation, value_property: property, filters })],
        contract: { account: textOf(customer) },
        otherAccounts: ["other"],
      }),
    );
    const repeats = input["every_event_sent_twice"] === true ? 2 : 1;
    let unique = 0;
    for (const [index, entry] of listOf(input["events"]).entries()) {
      const { at, excluded = "", ...own } = fieldsOf(entry);
      const why = textOf(excluded);
      const strange = {
        ...(why.includes("code") ? { code: "other" } : {}),
        ...(why.includes("endpoint") ? { endpoint: "other" } : {}),
      };
      const event = {
        id: `${index}`,
        account: why.includes("customer") ? "other" : textOf(customer),
        timeMs: at === "period2_start" ? Date.parse("2025-02-01T00:00:00Z") : START_MS + index * HOUR_MS,
        ...payload({ ...values, ...strange, ...own }),
      };
      for (let sent = 0; sent < repeats; sent++) if (run.take(event).outcome === "accepted") unique += 1;
    }
    run.closeUpTo(Date.parse("2025-04-01T00:00:00Z"));
    const period = run.rated.find(
      ({ kind, account, start }) =>
        kind === "period" && account === customer && start === "2025-01-01T00:00:00.000Z",
    );
    return { unique_events: unique, value: period?.value ?? "0" };
  },
};

/** What the words of the cases for a refusal are about, by our reasons. Null is no number to us. */
const REASONS: readonly (readonly [words: RegExp, reason: string])[] = [
  [/null/, "value-not-numeric"],
  [/missing|not found/, "value-missing"],
  [/numeric|number|parse|NaN|finit|invalid/i, "value-not-numeric"],
];

function isAbout(words: unknown, reason: string | undefined): boolean {
  return typeof words === "string" && REASONS.find(([pattern]) => pattern.test(words))?.[1] === reason;
}

/** Names that sources have for our aggregations. */
const AGGREGATIONS: Readonly<Record<string, string>> = {
  unique_count: "unique",
  count_unique: "unique",
  last: "latest",
};

/** A meter of an aggregation; `count` reads no property. */
function meterOf(name: string, property: string): Fields {
  const aggregation = AGGREGATIONS[name] ?? name;
  if (aggregation === "count") return { key: METER, event_type: "usage", aggregation };
  return sumMeter({ aggregation, value_property: property, scale: aggregation === "unique" ? 0 : 12 });
}

const parsingAdapter: PricingAdapter = {
  models: ["event_value_parsing"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["aggregation", "value_property"], ["data"]);
    const { config, input, expected } = pricingCase;
    const property = textOf(config["value_property"] ?? "value").replace(/^\$\./, "");
    const run = new UsageRun(catalogOf({ meters: [meterOf(textOf(config["aggregation"]), property)] }));
    const fate = run.take({ id: "event", timeMs: START_MS, ...payload(fieldsOf(input["data"])) });
    run.closeUpTo(Date.parse("2025-03-01T00:00:00Z"));
    const reason = isAbout(expected["reason"], fate.reason) ? expected["reason"] : fate.reason;
    return { accepted: fate.outcome === "accepted", reason, value: periodOf(run).value };
  },
};

const UNIT_MS: Readonly<Record<string, number>> = { d: 24 * HOUR_MS, h: HOUR_MS, m: 60_000 };
const NOW_MS = Date.parse("2025-01-20T00:00:00Z");

/** "t-3d" and the like. */
function relativeTime(text: string): number {
  const match = /^t(?:([+-]\d+)([dhm]))?$/.exec(text);
  if (match === null) throw new UnknownCase(`time ${text}`);
  return NOW_MS + Number(match[1] ?? "0") * (UNIT_MS[match[2] ?? "d"] ?? 0);
}

const aggregationAdapter: PricingAdapter = {
  models: ["aggregation"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["aggregation", "window_end"], ["values"]);
    const { config, input } = pricingCase;
    const aggregation = textOf(config["aggregation"]);
    const end = config["window_end"] === undefined ? undefined : relativeTime(textOf(config["window_end"]));
    const run = new UsageRun(
      catalogOf({
        meters: [meterOf(aggregation, "value")],
        ...(end === undefined ? {} : { contract: { end: new Date(end).toISOString() } }),
      }),
    );
    const fates = listOf(input["values"]).map((entry, index) => {
      const [time, value] = Array.isArray(entry) ? listOf(entry).map(textOf) : [undefined, textOf(entry)];
      const timeMs = time === undefined ? NOW_MS - HOUR_MS + index * 1_000 : relativeTime(time);
      return run.take({ id: `${index}`, timeMs, ...payload({ value }) });
    });
    run.closeUpTo(Date.parse("2025-03-01T00:00:00Z"));
    // Nothing that was accepted is left out of the figure.
    return {
      ...periodOf(run),
      skipped: 0,
      rejected: fates.filter(({ outcome }) => outcome === "rejected").length,
    };
  },
};

const windowsAdapter: PricingAdapter = {
  models: ["billing_windows"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["step", "start", "end"], []);
    const { step, start, end } = pricingCase.config;
    const startMs = timeOf(textOf(start));
    const endMs = timeOf(textOf(end));
    const starts: string[] = [];
    const months = { month: 1, quarter: 3, year: 12 }[textOf(step)];
    if (months !== undefined) {
      const first = new Date(startMs);
      const calendar = new BillingCalendar("UTC", first.getUTCDate(), months, first.getUTCMonth() + 1);
      for (let at = startMs; at < endMs; at = calendar.periodAt(at).endMs)
        starts.push(new Date(at).toISOString().slice(0, 10));
      return { starts };
    }
    const sizeMs = { minute: 60_000, hour: HOUR_MS, day: 24 * HOUR_MS }[textOf(step)];
    if (sizeMs === undefined) throw new UnknownCase(`step ${textOf(step)}`);
    const first = new Float64Array(1);
    tumbling(sizeMs, 0).assign(startMs, first);
    for (let at = first[0] ?? endMs; at < endMs; at += sizeMs)
      starts.push(
        step === "day"
          ? new Date(at).toISOString().slice(0, 10)
          : `${new Date(at).toISOString().slice(0, 16)}Z`,
      );
    return { starts };
  },
};

const lateAdapter: PricingAdapter = {
  models: ["watermark_late_events"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["lateness_window", "aggregation"], ["steps"]);
    const { config, input } = pricingCase;
    const catalog = catalogOf({
      settings: { grace: textOf(config["lateness_window"]) },
      meters: [sumMeter({ aggregation: config["aggregation"] })],
    });
    const run = new UsageRun(catalog);
    let nowMs = Number.NEGATIVE_INFINITY;
    for (const [index, entry] of listOf(input["steps"]).entries()) {
      const { event, at } = fieldsOf(entry);
      const timeMs = timeOf(textOf(at));
      nowMs = Math.max(nowMs, timeMs);
      run.take({ id: `${index}`, timeMs, arrivalMs: nowMs, ...payload({ value: textOf(event) }) });
    }
    run.closeUpTo(nowMs + 100 * 24 * HOUR_MS);
    return {
      sum: periodOf(run).value,
      adjustments: run.rated.filter(({ kind }) => kind === "adjustment").length,
    };
  },
};

const boundaryAdapter: PricingAdapter = {
  models: ["window_boundary"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["window", "period", "start", "cancel"], ["base_events", "event_at", "events"]);
    const { config, input } = pricingCase;
    if (config["period"] !== undefined) {
      const [from = ""] = listOf(config["period"]).map(textOf);
      const startMs = timeOf(from);
      const run = new UsageRun(catalogOf({ meters: [sumMeter()] }));
      const times = Array.from(
        { length: Number(input["base_events"]) },
        (_, index) => startMs + (index + 1) * HOUR_MS,
      );
      times.push(timeOf(textOf(input["event_at"])));
      for (const [index, timeMs] of times.entries())
        run.take({ id: `${index}`, timeMs, ...payload({ value: "1" }) });
      run.closeUpTo(startMs + 100 * 24 * HOUR_MS);
      const { count } = periodOf(run, new Date(startMs).toISOString());
      const other = (times.at(-1) ?? startMs) < startMs ? "previous period" : "next period";
      return { count, belongs_to: count === times.length ? "current period" : other };
    }
    const onGrid = (time: unknown): number => Math.floor(timeOf(textOf(time)) / HOUR_MS) * HOUR_MS;
    const run = new UsageRun(
      catalogOf({
        meters: [sumMeter({ group_by: { unit: "unit" } })],
        contract: {
          // Contracts start and end on the hour here.
          start: new Date(onGrid(config["start"])).toISOString(),
          end: new Date(onGrid(config["cancel"])).toISOString(),
          billing_anchor_day: new Date(onGrid(config["start"])).getUTCDate(),
        },
      }),
    );
    for (const [index, entry] of listOf(input["events"]).entries()) {
      const [at = "", unit = "", value = ""] = listOf(entry).map(textOf);
      run.take({ id: `${index}`, timeMs: timeOf(at), ...payload({ unit, value }) });
    }
    run.closeUpTo(onGrid(config["cancel"]) + 100 * 24 * HOUR_MS);
    const periods = run.rated.filter(({ kind }) => kind === "period");
    return { per_period: periods.map(({ value }) => ({ unit: value })) };
  },
};

export const USAGE_ADAPTERS: readonly PricingAdapter[] = [
  dedupeAdapter,
  redeliveryAdapter,
  filterAdapter,
  parsingAdapter,
  aggregationAdapter,
  windowsAdapter,
  lateAdapter,
  boundaryAdapter,
];
