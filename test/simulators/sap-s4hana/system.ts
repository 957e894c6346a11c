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

/** A kind of request, by what it names; what copying control makes of it. */
export interface BillingType {
  readonly documentType: string;
  readonly itemCategory: string;
  readonly requestType: string;
  readonly billingType: "F2" | "G2";
}

export interface SalesOrganization {
  readonly id: string;
  readonly companyCode: string;
  readonly channel: string;
  readonly division: string;
  /** Parts per hundred of taxes on what is taxed, as a decimal text. */
  readonly taxPercent: string;
}

/** A material with sales data in all sales organisations. */
export interface Material {
  readonly id: string;
  readonly unit: string;
  readonly isTaxed: boolean;
  /** Revenue account that is determined for it; "" where there is none. */
  readonly account: string;
  isMarkedForDeletion: boolean;
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
  readonly salesOrganizations: readonly SalesOrganization[];
  readonly materials: readonly Material[];
  readonly billingTypes: readonly BillingType[];
  /** Condition types of prices. */
  readonly priceConditions: readonly string[];
  readonly plants: readonly string[];
  /** Months that are closed in all company codes: YYYY-MM. */
  readonly closedMonths: Set<string>;
  /** Header texts of documents that a validation rule of the company refuses. */
  readonly refusedTexts: Set<string>;
  /** Whether invoices may be referred to by memos (InvoiceReferenceDocument). */
  readonly knowsInvoiceReference: boolean;
  /** Whether a change without If-Match is refused. */
  readonly needsEtag: boolean;
  /** Customer's reference of all billing documents; "" for those of their requests. */
  billingReference: string;
  /** Whether a second billing document request of a reference is refused. */
  readonly refusesRepeatedReferences: boolean;
}

export interface SystemChoices {
  readonly knowsInvoiceReference?: boolean;
  readonly needsEtag?: boolean;
  readonly refusesRepeatedReferences?: boolean;
}

export function sampleSystem({
  knowsInvoiceReference = true,
  needsEtag = true,
  refusesRepeatedReferences = true,
}: SystemChoices = {}): System {
  const account = (id: string, more: Partial<LedgerAccount> = {}): LedgerAccount => ({
    id,
    isReconciliation: false,
    needsTaxCode: false,
    needsAssignment: false,
    isBlocked: false,
    ...more,
  });
  const material = (id: string, revenue: string, more: Partial<Material> = {}): Material => ({
    id,
    unit: "EA",
    isTaxed: true,
    account: revenue,
    isMarkedForDeletion: false,
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
    documentTypes: ["DR", "DG", "SA", "DZ", "AB", "RV"],
    paymentTerms: ["0001", "0002", "NT30"],
    groupings: ["BP02"],
    costCenters: ["10101101", "17101101"],
    profitCenters: ["YB110", "YB120"],
    segments: ["1000_A", "1000_B"],
    wbsElements: ["USAGE.1"],
    regions: { DE: ["01", "BE"], US: ["CA", "NY"], GB: [] },
    taxNumberTypes: ["DE0", "US0", "GB0"],
    salesOrganizations: [
      { id: "1010", companyCode: "1010", channel: "10", division: "00", taxPercent: "19" },
      { id: "1710", companyCode: "1710", channel: "10", division: "00", taxPercent: "6" },
    ],
    materials: [
      material("USAGE", "41000000"),
      material("USAGE_RARE", "41000200"),
      material("USAGE_OTHER", "41000100"),
      material("USAGE_UNTAXED", "41000000", { isTaxed: false }),
      material("USAGE_UNASSIGNED", ""),
      material("CREDITS", "21510000", { isTaxed: false }),
    ],
    billingTypes: [
      { documentType: "EOX1", itemCategory: "EDX1", requestType: "BDR1", billingType: "F2" },
      { documentType: "ECX1", itemCategory: "EGX1", requestType: "BDR2", billingType: "G2" },
    ],
    priceConditions: ["PPR0"],
    plants: ["1010", "1710"],
    closedMonths: new Set(),
    refusedTexts: new Set(),
    knowsInvoiceReference,
    needsEtag,
    refusesRepeatedReferences,
    billingReference: "",
  };
}
