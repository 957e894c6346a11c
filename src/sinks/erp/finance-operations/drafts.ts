import { compareDocuments } from "../../posting/compare-documents.ts";
import { ErpFault, type FoundDocument } from "../erp-sink.ts";
import type { FinanceOperationsPlan } from "./plan.ts";

/** Header and lines of a draft are what the plan would make; what the ERP works out when it posts is not there yet. */
export function isDraftOf({ expected }: FinanceOperationsPlan, { document }: FoundDocument): boolean {
  const withoutSums = { total: null, tax: null };
  return compareDocuments({ ...expected, ...withoutSums }, { ...document, ...withoutSums }).length === 0;
}

/** For the look that follows, which says what differs. */
export function anotherDraft({ externalId, request: { company } }: FinanceOperationsPlan): ErpFault {
  return new ErpFault(
    "duplicate",
    `Finance & Operations has another document under ${externalId} in the company ${company}`,
    { code: "draft-differs" },
  );
}
