import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { EntityCalendar } from "../../../src/operators/close/entity-calendar.ts";
import { at, ClosingPartition, MARCH, scopeOf, signOffOf } from "./close-fixture.ts";

const FEBRUARY = { legalEntity: "north", from: "2026-02-01", to: "2026-03-01" };
const APRIL = { legalEntity: "north", from: "2026-04-01", to: "2026-05-01" };

async function signOff(partition: ClosingPartition, scope: typeof MARCH): Promise<string | undefined> {
  const part = await partition.part(scopeOf(scope.legalEntity, scope.from, scope.to));
  return partition.request("period-signed-off", signOffOf(part, true, scope));
}

const reopen = (partition: ClosingPartition, scope = MARCH, override = false): string | undefined =>
  partition.request("period-reopened", { ...scope, override });

describe("a period that is opened again", () => {
  it("takes entries of its days on them until it is signed off anew", async () => {
    const partition = new ClosingPartition().use("acme", 100, "2026-03-11").until("2026-03-31");
    await partition.bill();
    expect(await signOff(partition, MARCH)).toBeUndefined();
    expect(reopen(partition)).toBeUndefined();
    expect(await partition.part(scopeOf())).toMatchObject({ signedOff: null });
    // The accrual of March, which a closed March would have sent to April.
    partition.until("2026-04-04");
    await partition.bill();
    const journal = await partition.journal();
    expect(journal.map(({ date, memo }) => [date, memo])).toEqual([
      ["2026-03-31", "Unbilled revenue"],
      ["2026-04-01", "Unbilled revenue, reversed"],
      ["2026-04-03", expect.stringMatching(/^Invoice /)],
    ]);
    partition.until("2026-12-31");
    expect(await signOff(partition, MARCH)).toBeUndefined();
    expect(await partition.part(scopeOf())).toMatchObject({ signedOff: { ...dates(MARCH), actor: "Ann" } });
    expect(partition.engine.invoices.book.closed.entries()).toHaveLength(1);
  });

  it("is refused where nothing was signed off so, and below later sign-offs without an override", async () => {
    const partition = new ClosingPartition().until("2026-12-31");
    expect(reopen(partition)).toBe("not-signed-off");
    for (const scope of [FEBRUARY, MARCH, APRIL]) expect(await signOff(partition, scope)).toBeUndefined();
    expect(reopen(partition, { ...FEBRUARY, to: "2026-04-01" })).toBe("not-signed-off");
    expect(reopen(partition, { ...MARCH, legalEntity: "nobody" })).toBe("legal-entity-unknown");
    expect(reopen(partition)).toBe("later-signed-off");
    expect(reopen(partition, APRIL)).toBeUndefined();
    expect(reopen(partition, APRIL, true)).toBe("not-signed-off");
    // March is the last one now.
    expect(reopen(partition)).toBeUndefined();
    expect(await signOff(partition, APRIL)).toBe("period-gap");
  });

  it("stays alone below later sign-offs: their days are closed, and it is signed off as a whole", async () => {
    const partition = new ClosingPartition().until("2026-12-31");
    for (const scope of [FEBRUARY, MARCH, APRIL]) await signOff(partition, scope);
    expect(reopen(partition, MARCH, true)).toBeUndefined();
    const { closed } = partition.engine.invoices.book;
    const bookedOn = (date: string): string =>
      closed.inOpenPeriod({
        kind: "accrual",
        date,
        memo: "",
        legalEntity: "north",
        currency: "EUR",
        contract: "C",
        document: undefined,
        postings: [],
      }).date;
    expect(
      ["2026-01-10", "2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01", "2026-05-01"].map(bookedOn),
    ).toEqual(["2026-03-01", "2026-03-01", "2026-03-01", "2026-03-31", "2026-05-01", "2026-05-01"]);
    const [february, march, april] = await Promise.all(
      [FEBRUARY, MARCH, APRIL].map(({ from, to }) => partition.part(scopeOf("north", from, to))),
    );
    expect([february?.signedOff, march?.signedOff, april?.signedOff]).toMatchObject([
      dates(FEBRUARY),
      null,
      dates(APRIL),
    ]);
    expect(await signOff(partition, { ...MARCH, to: "2026-03-20" })).toBe("period-closed");
    expect(await signOff(partition, MARCH)).toBeUndefined();
    expect(bookedOn("2026-03-31")).toBe("2026-05-01");
  });

  it("moves entries behind closed days alone, whatever is signed off and opened in whatever order", () => {
    const day = (n: number): string => new Date(at("2026-01-01") + n * 86_400_000).toISOString().slice(0, 10);
    const period = (n: number) => ({ from: day(n * 10), to: day(n * 10 + 10) });
    const days = Array.from({ length: 70 }, (_, n) => day(n));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 5 }), fc.boolean()), { maxLength: 30 }),
        (decisions) => {
          const calendar = new EntityCalendar();
          let sequence = 0;
          const signOffPeriod = (n: number): void => {
            const head = { legalEntity: "north", decidedAt: "", actor: "", override: false };
            calendar.signOff({ ...head, ...period(n), sequence: ++sequence });
          };
          const openDays = (): string[] => days.map((each) => calendar.openDay(each));
          for (const [opens, n, override] of decisions) {
            const { from, to } = period(n);
            const before = openDays();
            const fault = opens
              ? calendar.reopenFault({ from, to }, override)
              : calendar.signOffFault({ from, to });
            if (fault !== undefined) continue;
            if (opens) calendar.reopen({ from, to });
            else signOffPeriod(n);
            const after = openDays();
            // Its own days, and those alone that stood open or closed with them.
            const own = after.filter((_, index) => Math.floor(index / 10) === n);
            expect(own.every((each) => (opens ? each >= from && each < to : each >= to))).toBe(true);
            expect(calendar.signOffOf({ from, to })?.sequence).toBe(opens ? undefined : sequence);
            for (const [index, each] of after.entries()) {
              expect(each >= (days[index] ?? "")).toBe(true);
              expect(calendar.openDay(each)).toBe(each);
            }
            expect(after).toEqual(after.toSorted());
            if (!opens || calendar.signOffFault({ from, to }) !== undefined) continue;
            signOffPeriod(n);
            expect(openDays()).toEqual(before);
            calendar.reopen({ from, to });
          }
        },
      ),
    );
  });
});

function dates({ from, to }: typeof MARCH) {
  return { from, to };
}
