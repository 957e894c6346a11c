import { createHash } from "node:crypto";
import type { Values } from "./body-check.ts";
import type { Company } from "./environment.ts";

/** A row of a list that is set up, and not made by requests. */
export interface ListRow {
  readonly id: string;
  readonly values: Values;
}

/** A GUID that follows from texts. */
function guidOf(...parts: readonly string[]): string {
  const hash = createHash("sha256").update(parts.join("\u0000")).digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/** The rows of a list of a company; undefined where there is no such list. */
export function listRows(set: string, company: Company): readonly ListRow[] | undefined {
  const row = (key: string, values: Values): ListRow => ({ id: guidOf(company.id, set, key), values });
  switch (set) {
    case "accounts":
      return company.accounts.map(({ number, name, isBlocked, directPosting }) =>
        row(number, { number, displayName: name, blocked: isBlocked, directPosting }),
      );
    case "items":
      return company.items.map(({ number, name, isBlocked }) =>
        row(number, { number, displayName: name, blocked: isBlocked }),
      );
    case "currencies":
      return company.currencies.map(({ code }) => row(code, { code, displayName: code }));
    case "paymentTerms":
      return company.paymentTerms.map(({ id, code }) => ({ id, values: { code, displayName: code } }));
    case "taxGroups":
      return company.taxCodes.map((code) => row(code, { code, displayName: code }));
    case "dimensions":
      return Object.keys(company.dimensions).map((code) => row(code, { code, displayName: code }));
    case "generalLedgerSetup":
      return [
        row("", {
          allowPostingFrom: company.allowPostingFrom,
          allowPostingTo: company.allowPostingTo,
          localCurrencyCode: company.localCurrency.code,
        }),
      ];
    default:
      return undefined;
  }
}

export function dimensionValueRows(company: Company, dimensionId: string): readonly ListRow[] | undefined {
  const dimension = listRows("dimensions", company)?.find(({ id }) => id === dimensionId);
  const code = String(dimension?.values["code"] ?? "");
  return company.dimensions[code]?.map((value) => ({
    id: guidOf(company.id, code, value.code),
    values: { code: value.code, displayName: value.code },
  }));
}
