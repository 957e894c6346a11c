import { plainText, scaled } from "../exact-numbers.ts";
import { fieldOf } from "./interface-rules.ts";
import type { Item } from "./lists.ts";
import type { Books } from "./transaction-rules.ts";

/** Lists of values, and what customers' accounts have had. */

interface ValueList {
  readonly attributes: readonly string[];
  readonly items: () => readonly Item[];
  readonly childAttributes?: readonly string[];
  readonly child?: (id: string, name: string) => readonly Item[] | undefined;
}

function item(attributes: Readonly<Record<string, unknown>>): Item {
  return { attributes, children: {} };
}

export function valueLists({ environment, store }: Books): Readonly<Record<string, ValueList | undefined>> {
  return {
    accountingPeriodStatusLOV: {
      attributes: ["PeriodNameId", "ApplicationId", "LedgerId", "ClosingStatus", "StartDate", "EndDate"],
      items: () =>
        environment.periods.map((period) =>
          item({
            PeriodNameId: period.name,
            ApplicationId: { $number: period.application },
            LedgerId: { $number: period.ledgerId },
            ClosingStatus: period.status,
            StartDate: period.start,
            EndDate: period.end,
            AdjustmentPeriodFlag: "N",
          }),
        ),
    },
    finBusinessUnitsLOV: {
      attributes: ["BusinessUnitId", "BusinessUnitName"],
      items: () =>
        environment.businessUnits.map(({ id, name }) =>
          item({ BusinessUnitId: { $number: id }, BusinessUnitName: name }),
        ),
    },
    autoInvoiceInterfaceLines: {
      attributes: ["InterfaceLineGUID", "TransactionNumber", "InternalNotes", "LoadRequestId"],
      items: () =>
        store
          .all("interface-line")
          .filter(({ isDistribution }) => !isDistribution)
          .map((line) =>
            item({
              InterfaceLineGUID: line.id,
              TransactionNumber: fieldOf(line, "number"),
              InternalNotes: fieldOf(line, "notes"),
              LoadRequestId: { $number: line.loadId },
            }),
          ),
    },
    currenciesLOV: {
      attributes: ["CurrencyCode"],
      items: () =>
        Object.keys(environment.currencies).map((code) => item({ CurrencyCode: code, EnabledFlag: "Y" })),
    },
    accountCombinationsLOV: {
      attributes: ["AccountCombination"],
      items: () =>
        combinations(environment.segments).map((each) =>
          item({ AccountCombination: each, EnabledFlag: "Y" }),
        ),
    },
    receivablesCustomerAccountActivities: {
      attributes: ["AccountId", "AccountNumber"],
      items: () =>
        store
          .all("account")
          .map(({ id, number }) => item({ AccountId: { $number: id }, AccountNumber: number })),
      childAttributes: ["CreditMemoNumber", "ReferenceTransactionNumber"],
      child: (id, name) => {
        const account = store.all("account").find((each) => each.id === id);
        if (account === undefined || name !== "creditMemoApplications") return undefined;
        return store
          .all("transaction")
          .filter(({ isMemo, customerNumber }) => isMemo && customerNumber === account.number)
          .flatMap((memo) =>
            memo.applications.map((application) =>
              item({
                CreditMemoNumber: memo.number,
                ReferenceTransactionNumber: application.invoiceNumber,
                ApplicationAmount: { $number: plainText(scaled(application.amount)) },
              }),
            ),
          );
      },
    },
  };
}

function combinations(segments: readonly (readonly string[])[]): readonly string[] {
  return segments.reduce<readonly string[]>(
    (all, values) =>
      all.length === 0 ? values : all.flatMap((start) => values.map((value) => `${start}-${value}`)),
    [],
  );
}
