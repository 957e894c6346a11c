import { describe, expect, it } from "vitest";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { divideHalfAwayFromZero } from "../../../src/billing/rating/money.ts";
import { plus, type Ratio, ratio, ratioOfDecimal, times } from "../../../src/billing/ratio.ts";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import { invoicesOf, journalOf, type InvoiceRow } from "../../../src/pipeline/billing-report.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { readLine } from "../../../src/pipeline/simulation-line.ts";
import { Simulation } from "../../../src/pipeline/simulation.ts";
import { plainTextLedger } from "../../../src/billing/ledger/plain-text.ts";
import { storedEntries } from "../../../src/operators/invoice/billing-book.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { HASH_KEY, sha256 } from "../../support/engine-fixture.ts";
import { projectFiles, readProjectFile } from "../../support/project-files.ts";

const EXAMPLE = "examples/three-months";
const UNTIL_MS = Date.parse("2026-05-05T00:00:00+02:00");

async function simulated(partitionCount: number) {
  const catalogFiles = projectFiles(`${EXAMPLE}/catalog`).map((path): [string, string] => [
    path.slice(`${EXAMPLE}/catalog/`.length),
    readProjectFile(path),
  ]);
  const loaded = loadCatalog(new Map(catalogFiles));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const simulation = new Simulation({
    catalog: compileCatalog(loaded.catalog, loaded.version),
    partitionCount,
    idleTimeoutMs: 60_000,
    hashKey: HASH_KEY,
    createDecoder,
    openStore: (partition) => openPartitionStore(":memory:", { partition, partitionCount }),
    sha256,
  });
  try {
    const lines = readProjectFile(`${EXAMPLE}/events.ndjson`).trimEnd().split("\n");
    for (const line of lines) await simulation.feed(readLine(line));
    await simulation.finish(UNTIL_MS);
    const sources = simulation.partitions();
    return {
      report: reportOf(sources),
      invoices: invoicesOf(sources),
      journal: journalOf(sources),
      ledger: [...plainTextLedger(sources.flatMap(({ store }) => [...storedEntries(store)]))],
    };
  } finally {
    simulation.close();
  }
}

/** Exact value of sums, products and quotients of decimals, with parentheses. */
function valueOf(text: string): Ratio {
  const tokens = text.match(/\d+(\.\d+)?|[-+×/()]/g) ?? [];
  let at = 0;
  const factor = (): Ratio => {
    const token = tokens[at++] ?? "";
    if (token === "-") return times(ratio(-1n), factor());
    if (token !== "(") return ratioOfDecimal(token);
    const inner = sum();
    at += 1;
    return inner;
  };
  const product = (): Ratio => {
    let value = factor();
    for (; tokens[at] === "×" || tokens[at] === "/";) {
      const isQuotient = tokens[at++] === "/";
      const next = factor();
      value = times(value, isQuotient ? ratio(next.denominator, next.numerator) : next);
    }
    return value;
  };
  const sum = (): Ratio => {
    let value = product();
    for (; tokens[at] === "+" || tokens[at] === "-";) {
      const sign = tokens[at++] === "-" ? -1n : 1n;
      value = plus(value, times(ratio(sign), product()));
    }
    return value;
  };
  return sum();
}

/** The value rounded to as many places as the text has. */
function roundedLike(value: Ratio, text: string): string {
  const places = text.split(".")[1]?.length ?? 0;
  const scaled = divideHalfAwayFromZero(value.numerator * 10n ** BigInt(places), value.denominator);
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  return `${scaled < 0n ? "-" : ""}${whole}${places === 0 ? "" : `.${digits.slice(-places)}`}`;
}

function figuresOf(invoice: InvoiceRow): ReadonlySet<string> {
  const { subtotal, tax, credits, total, lines } = invoice;
  return new Set([
    subtotal,
    tax,
    credits,
    total,
    ...lines.flatMap((line) => [line.amount, line.tax, line.quantity ?? ""]),
  ]);
}

describe("three months of one customer", () => {
  it("come to the invoices and journal that a person has checked", async () => {
    const { report, invoices, journal } = await simulated(1);
    expect(report.balanced).toBe(true);
    const expected: unknown = JSON.parse(readProjectFile(`${EXAMPLE}/expected.json`));
    expect(JSON.parse(JSON.stringify({ invoices, journal }))).toEqual(expected);
    const many = await simulated(16);
    expect(many.invoices).toEqual(invoices);
  });

  it("are worked out in the README: every line of arithmetic is right, and its result stands on the invoice", async () => {
    const { invoices } = await simulated(1);
    const sections = readProjectFile(`${EXAMPLE}/README.md`).split("\n## ").slice(1);
    let checked = 0;
    const onInvoices = new Set<string>();
    for (const section of sections) {
      const number = /EX-2026-\d+/.exec(section.split("\n")[0] ?? "")?.[0];
      const invoice = invoices.find((candidate) => candidate.number === number);
      const figures = invoice === undefined ? new Set<string>() : figuresOf(invoice);
      for (const [, arithmetic = "", result = ""] of section.matchAll(/^ {4}(.+) = (-?[\d.]+)$/gm)) {
        expect(`${arithmetic} = ${roundedLike(valueOf(arithmetic), result)}`).toBe(
          `${arithmetic} = ${result}`,
        );
        checked += 1;
        if (figures.has(result)) onInvoices.add(`${number} ${result}`);
      }
      // Every figure of money that the invoice shows was worked out.
      const money = [...figures].filter((figure) => /\.\d\d$/.test(figure) && Number(figure) !== 0);
      const unknown = money.filter(
        (figure) => !section.includes(figure) && !section.includes(String(Number(figure))),
      );
      expect([number, unknown]).toEqual([number, []]);
    }
    expect(checked).toBeGreaterThan(50);
    expect(onInvoices.size).toBeGreaterThan(35);
  });

  it("are a Beancount file whose assertions add up", async () => {
    const { ledger } = await simulated(1);
    const balances = new Map<string, bigint>();
    let assertions = 0;
    for (const line of ledger) {
      const posting = /^ {2}(\S+) {2}(-?[\d.]+) EUR$/.exec(line);
      const assertion = /^2026-05-05 balance (\S+) (-?[\d.]+) EUR$/.exec(line);
      const [, account = "", amount = "0"] = posting ?? assertion ?? [];
      const cents = BigInt(amount.replace(".", ""));
      if (posting !== null) balances.set(account, (balances.get(account) ?? 0n) + cents);
      if (assertion === null) continue;
      expect(`${account} ${balances.get(account)}`).toBe(`${account} ${cents}`);
      assertions += 1;
    }
    expect(assertions).toBe(balances.size);
    expect([...balances.values()].reduce((sum, balance) => sum + balance, 0n)).toBe(0n);
  });
});
