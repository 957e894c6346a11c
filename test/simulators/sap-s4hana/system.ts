/** What a system has set up: its lists, as an administrator would have entered them. */

export interface CompanyCode {
  readonly id: string;
  readonly currency: string;
  readonly country: string;
}

export interface LedgerAccount {
  readonly id: string;
  /** Only items of customers reach it. */
  readonly isReconciliation: boolean;
  /** Its items must name a tax code. */
  readonly needsTaxCode: boolean;
  /** Its items must name a cost or profit centre. */
  readonly needsAssignment: boolean;
  isBlocked: boolean;
}

export interface TaxCode {
  readonly id: string;
  /** Parts per hundred, as a decimal text; null where the system doesn't check amounts. */
  readonly percent: string | null;
}

export interface System {
  readonly companyCodes: readonly CompanyCode[];
  readonly accounts: readonly LedgerAccount[];
  readonly taxCodes: readonly TaxCode[];
  /** Digits behind the point, by currency. */
  readonly currencies: Readonly<Record<string, number>>;
  readonly documentTypes: readonly string[];
  readonly paymentTerms: readonly string[];
  readonly groupings: readonly string[];
  readonly costCenters: readonly string[];
  readonly profitCenters: readonly string[];
  readonly segments: readonly string[];
  readonly wbsElements: readonly string[];
  /** Keys of regions by country; countries without an entry are unknown. */
  readonly regions: Readonly<Record<string, readonly string[]>>;
  /** Categories of tax numbers. */
  readonly taxNumberTypes: readonly string[];
  /** Months that are closed in all company codes: YYYY-MM. */
  readonly closedMonths: Set<string>;
  /** Header texts of documents that a validation rule of the company refuses. */
  readonly refusedTexts: Set<string>;
  /** Whether invoices may be referred to by memos (InvoiceReferenceDocument). */
  readonly knowsInvoiceReference: boolean;
  /** Whether a change without If-Match is refused. */
  readonly needsEtag: boolean;
}

export interface SystemChoices {
  readonly knowsInvoiceReference?: boolean;
  readonly needsEtag?: boolean;
}

export function sampleSystem({ knowsInvoiceReference = true, needsEtag = true }: SystemChoices = {}): System {
  const account = (id: string, more: Partial<LedgerAccount> = {}): LedgerAccount => ({
    id,
    isReconciliation: false,
    needsTaxCode: false,
    needsAssignment: false,
    isBlocked: false,
    ...more,
  });
  return {
    companyCodes: [
      { id: "1010", currency: "EUR", country: "DE" },
      { id: "1710", currency: "USD", country: "US" },
    ],
    accounts: [
      account("12100000", { isReconciliation: true }),
      account("11001000"),
      account("12560000"),
      account("12570000"),
      account("21510000"),
      account("22000000"),
      account("23000000"),
      account("41000000"),
      account("41000100"),
      account("41000200"),
      account("41000300", { needsTaxCode: true }),
      account("41000400", { needsAssignment: true }),
      account("44000000"),
    ],
    taxCodes: [
      { id: "A0", percent: "0" },
      { id: "A1", percent: "19" },
      { id: "U1", percent: "6" },
      { id: "U2", percent: null },
    ],
    currencies: { EUR: 2, USD: 2, GBP: 2, JPY: 0 },
    documentTypes: ["DR", "DG", "SA", "DZ", "AB"],
    paymentTerms: ["0001", "0002", "NT30"],
    groupings: ["BP02"],
    costCenters: ["10101101", "17101101"],
    profitCenters: ["YB110", "YB120"],
    segments: ["1000_A", "1000_B"],
    wbsElements: ["USAGE.1"],
    regions: { DE: ["01", "BE"], US: ["CA", "NY"], GB: [] },
    taxNumberTypes: ["DE0", "US0", "GB0"],
    closedMonths: new Set(),
    refusedTexts: new Set(),
    knowsInvoiceReference,
    needsEtag,
  };
}
