import type { Command } from "commander";
import { CHANNELS } from "../../model/outputs.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { Inspection, type InspectedPartition } from "../compose/inspection.ts";
import { printJson, printProducers, printTable } from "../print.ts";
import { lostMessagesOf, type AcceptedGap } from "../../pipeline/accepted-gaps.ts";
import { accruedValue } from "../../pipeline/accrued-value.ts";
import { type InvoiceRow, invoicesOf } from "../../pipeline/billing-report.ts";
import { postingsOf } from "../../pipeline/posting-report.ts";
import { producersOf } from "../../pipeline/producer-report.ts";
import { aggregatesOf, reportOf } from "../../pipeline/partition-report.ts";

/** Entries read at a time when a channel of the outbox is listed. */
const OUTBOX_PAGE = 1_000;

/** What corrects an invoice, or what a credit memo corrects. */
function correctionsOf({ corrects, correctedBy, isVoid }: InvoiceRow): string {
  if (corrects !== undefined) return `${corrects.kind === "void" ? "voids" : "credits"} ${corrects.number}`;
  if (correctedBy.length === 0) return "";
  return `${isVoid ? "voided" : "credited"} by ${correctedBy.join(", ")}`;
}

export function addInspectCommand(program: Command): void {
  const inspect = program
    .command("inspect")
    .summary(
      "look at the last checkpoints: partitions, aggregates, invoices, outbox, parked events, exceptions",
    )
    .description("Reads the last checkpoints in the state directory; a worker may run meanwhile.");

  view(inspect, "partitions", "position, watermark, counts of each partition", (partitions, json) => {
    const rows = partitions.map(partitionRow);
    if (json) printJson(rows);
    else {
      printTable(
        ["partition", "position", "watermark", "read", "accepted", "parked", "lost", "cells", "keys"],
        rows.map((row) => [
          String(row.partition),
          String(row.position),
          row.watermark ?? "-",
          String(row.read),
          String(row.accepted),
          String(row.parked),
          String(row.lostMessages),
          String(row.cells),
          String(row.keys),
        ]),
      );
    }
  });

  view(inspect, "aggregates", "every cell: account, meter, group, hour, value", (partitions, json) => {
    if (json) {
      const { counts, messages, aggregates, unbilled, invoiced, exceptions, balanced } = reportOf(partitions);
      printJson({ counts, messages, aggregates, unbilled, invoiced, exceptions, balanced });
      return;
    }
    printTable(
      ["account", "meter", "group", "start", "value", "events"],
      aggregatesOf(partitions).map((row) => [
        row.account,
        row.meter,
        Object.entries(row.group)
          .map(([name, value]) => `${name}=${value}`)
          .join(","),
        row.start,
        row.value,
        String(row.events),
      ]),
    );
  });

  view(
    inspect,
    "value",
    "value of usage that is not invoiced, by account: rated so far, and accrued with the hours still open",
    (partitions, json) => {
      const rows = accruedValue(partitions);
      if (json) printJson(rows);
      else {
        printTable(
          ["account", "currency", "rated", "accrued"],
          rows.map((row) => [row.account, row.currency, row.rated, row.accrued]),
        );
      }
    },
  );

  view(inspect, "invoices", "invoices and credit memos, and drafts of those to come", (partitions, json) => {
    const rows = invoicesOf(partitions);
    if (json) printJson(rows);
    else {
      printTable(
        [
          "account",
          "status",
          "kind",
          "number",
          "issued",
          "due",
          "currency",
          "total",
          "corrections",
          "posted",
          "waits for",
        ],
        rows.map((row) => [
          row.account,
          row.status,
          row.kind,
          row.number ?? "-",
          row.status === "final" ? row.issueDate : "-",
          row.status === "final" ? row.dueDate : "-",
          row.currency,
          row.total,
          correctionsOf(row),
          (row.postings ?? []).map(({ connection, state }) => `${connection}: ${state}`).join(", "),
          row.hold === undefined
            ? ""
            : [row.hold.reason, row.hold.detail].filter((text) => text !== "").join(": "),
        ]),
      );
    }
  });

  view(
    inspect,
    "postings",
    "documents in ERP connections and what has become of them",
    (partitions, json) => {
      const rows = postingsOf(partitions);
      if (json) printJson(rows);
      else
        printTable(
          ["connection", "key", "state", "day", "currency", "amount", "ERP id", "payment", "explained by"],
          rows.map((row) => [
            row.connection,
            row.key,
            row.state,
            row.day,
            row.currency,
            row.amount ?? "-",
            row.erp?.id ?? "-",
            row.payment === null ? "-" : `${row.payment.status}, ${row.payment.openAmount} open`,
            [row.reason, row.code, row.message, ...row.missing].filter((text) => text !== null).join(", "),
          ]),
        );
    },
  );

  view(
    inspect,
    "producers",
    "producers of numbered batches: what came, what is missing, what their manifests say",
    (partitions, json) => {
      const rows = partitions.flatMap(({ partition, engine }) => producersOf(partition, engine));
      if (json) printJson(rows);
      else printProducers(rows);
    },
  );

  view(
    inspect,
    "outbox",
    "committed publications by channel, those that left included until they are pruned",
    (partitions, json) => {
      const entries = partitions.flatMap(({ partition, store }) =>
        CHANNELS.flatMap((channel) =>
          [...outboxEntries(store, channel)].map((entry) => ({ partition, ...entry })),
        ),
      );
      if (json) printJson(entries.map((entry) => ({ ...entry, body: JSON.parse(entry.body) as unknown })));
      else {
        printTable(
          ["partition", "channel", "ordinal", "body"],
          entries.map((entry) => [String(entry.partition), entry.channel, String(entry.ordinal), entry.body]),
        );
      }
    },
  );

  view(inspect, "parked", "events that wait for reference data", (partitions, json) => {
    const events = partitions.flatMap(({ partition, store }) =>
      store.parked().map((event) => ({ partition, ...event })),
    );
    if (json) printJson(events);
    else {
      printTable(
        ["partition", "sequence", "index", "reason", "account", "type", "arrived"],
        events.map((event) => [
          String(event.partition),
          String(event.sequence),
          String(event.index),
          event.reason,
          event.account,
          event.type,
          new Date(event.arrivalMs).toISOString(),
        ]),
      );
    }
  });

  view(inspect, "exceptions", "what finance or an operator must look at", (partitions, json) => {
    const records = partitions.flatMap(({ partition, store }) =>
      store
        .exceptions()
        .map((record) => ({ partition, ...record, details: JSON.parse(record.details) as unknown })),
    );
    if (json) printJson(records);
    else {
      printTable(
        ["partition", "id", "stage", "reason", "since"],
        records.map((record) => [
          String(record.partition),
          record.id,
          record.stage,
          record.reason,
          new Date(record.sinceMs).toISOString(),
        ]),
      );
    }
  });
}

function view(
  inspect: Command,
  name: string,
  description: string,
  print: (partitions: readonly InspectedPartition[], json: boolean) => void,
): void {
  addConfiguredOptions(inspect.command(name).description(description)).action(
    async (options: ConfiguredOptions) => {
      const inspection = await Inspection.open(readConfig(options));
      try {
        print(inspection.partitions, options.json === true);
      } finally {
        await inspection.close();
      }
    },
  );
}

function partitionRow({ partition, engine }: InspectedPartition): {
  partition: number;
  position: number;
  controlPosition: number;
  watermark: string | null;
  read: number;
  accepted: number;
  parked: number;
  /** Messages that accepted gaps gave up. */
  lostMessages: number;
  acceptedGaps: readonly AcceptedGap[];
  cells: number;
  keys: number;
} {
  const counts = engine.regionCounts();
  const sum = (of: "read" | "accepted" | "parked"): number =>
    counts.reduce((total, region) => total + region[of], 0);
  return {
    partition,
    position: engine.position.usageSequence,
    controlPosition: engine.position.controlSequence,
    watermark: Number.isFinite(engine.watermarkMs) ? new Date(engine.watermarkMs).toISOString() : null,
    read: sum("read"),
    accepted: sum("accepted"),
    parked: sum("parked"),
    lostMessages: lostMessagesOf(engine.gaps),
    acceptedGaps: engine.gaps,
    cells: engine.cells.size,
    keys: engine.keys.size,
  };
}

function* outboxEntries(
  store: InspectedPartition["store"],
  channel: (typeof CHANNELS)[number],
): Iterable<ReturnType<InspectedPartition["store"]["outboxAfter"]>[number]> {
  let after = 0;
  for (;;) {
    const page = store.outboxAfter(channel, after, OUTBOX_PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < OUTBOX_PAGE) return;
    after = last.ordinal;
  }
}
