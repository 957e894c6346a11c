import type { ErpDescription } from "../../model/erp-description.ts";
import type { PostingKind } from "../../model/posting.ts";
import type { CompiledCatalog, CompiledContract } from "../catalog/compiled.ts";
import { LEDGER_ACCOUNTS, type LedgerAccount } from "../ledger/journal-entry.ts";
import type { CompiledConnection } from "./compiled-posting.ts";
import { dimensionKey, type MappingKeys } from "./mapping-keys.ts";
import { CREDITS_ITEM, taxKey } from "./posted-invoice.ts";
import { missingText, resolveMapping } from "./resolve-mapping.ts";
import { connectionProblem } from "./connection-problem.ts";

/** What a connection's mapping lacks for what the catalog sells. */
export interface MappingGap {
  readonly connection: string;
  /** A missing row or field, or why the connection can't be used at all. */
  readonly missing: string;
  /** Contracts that would bring it about, the first of them; empty where it concerns all. */
  readonly contracts: readonly string[];
}

/** Contracts named beside a gap. */
const MAX_NAMED_CONTRACTS = 3;

/** Accounts of the ledger that documents alone move: the ERP's own where it has the documents. */
const OF_DOCUMENTS: ReadonlySet<LedgerAccount> = new Set<LedgerAccount>(["receivable", "tax-payable"]);
/** Amounts of it are of the functional currency alone. */
const NEVER_POSTED: LedgerAccount = "currency-rounding";

/**
 * All that the mappings of a catalog lack for its contracts, products and legal entities, each once. Taxes of a tax service are
 * known when it has answered only, and so are not among them.
 * @param day of which the mapping is looked at, YYYY-MM-DD
 */
export function mappingGaps(
  catalog: CompiledCatalog,
  descriptions: ReadonlyMap<string, ErpDescription>,
  day: string,
): readonly MappingGap[] {
  return catalog.posting.connections.flatMap((connection) => {
    const description = descriptions.get(connection.adapter);
    const problem = connectionProblem(connection, description);
    if (problem !== undefined) return [{ connection: connection.key, missing: problem, contracts: [] }];
    return description === undefined ? [] : connectionGaps(catalog, connection, description, day);
  });
}

function connectionGaps(
  catalog: CompiledCatalog,
  connection: CompiledConnection,
  description: ErpDescription,
  day: string,
): readonly MappingGap[] {
  const contractsOf = new Map<string, string[]>();
  for (const contract of catalog.contracts()) {
    if (!connection.takesEntity(contract.legalEntity.key)) continue;
    for (const kind of connection.kinds) {
      const keys = contractKeys(catalog, contract, connection, kind, day);
      const resolved = resolveMapping(connection, description, kind, keys, day);
      if (!("missing" in resolved)) continue;
      for (const text of resolved.missing.map(missingText)) {
        const known = contractsOf.get(text);
        if (known === undefined) contractsOf.set(text, [contract.id]);
        else if (known.length < MAX_NAMED_CONTRACTS && !known.includes(contract.id)) known.push(contract.id);
      }
    }
  }
  return [...contractsOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([missing, contracts]) => ({ connection: connection.key, missing, contracts }));
}

/** Keys that documents of a contract may have. */
function contractKeys(
  catalog: CompiledCatalog,
  contract: CompiledContract,
  { mode }: CompiledConnection,
  kind: PostingKind,
  day: string,
): MappingKeys {
  const common = { currency: [contract.currency], legal_entity: [contract.legalEntity.key] };
  const terms = [String(contract.paymentDays)];
  if (kind === "customer") return { customer: [contract.customer], terms, ...common };
  const products = [
    ...new Set([...contract.usagePrices, ...contract.flatPrices].map(({ product }) => product)),
  ];
  const dimension = dimensionsOf(catalog, contract, products);
  const period = [day.slice(0, 7)];
  const hasGrants = contract.grants.some(({ meter }) => meter === undefined);
  if (kind === "journal")
    return { account: journalAccounts(contract, mode, hasGrants), dimension, period, ...common };
  return {
    customer: [contract.customer],
    item: [...products, ...(hasGrants ? [CREDITS_ITEM] : [])],
    tax: taxKeys(catalog, contract, day),
    account: ["receivable", ...(catalog.taxTable === undefined ? [] : ["tax-payable"])],
    dimension,
    period,
    terms,
    ...common,
  };
}

function journalAccounts(
  { flatPrices }: CompiledContract,
  mode: CompiledConnection["mode"],
  hasGrants: boolean,
): readonly LedgerAccount[] {
  const hasAdvance = flatPrices.some(({ billed }) => billed === "in_advance");
  return LEDGER_ACCOUNTS.filter((account) => {
    if (account === NEVER_POSTED) return false;
    if (account.startsWith("credits")) return hasGrants;
    if (account === "deferred-revenue") return hasAdvance;
    return mode === "summary" || (!OF_DOCUMENTS.has(account) && account !== "adjustments");
  });
}

function dimensionsOf(
  { products: known }: CompiledCatalog,
  contract: CompiledContract,
  products: readonly string[],
): readonly string[] {
  const all = [
    contract.dimensions,
    ...products.map((key) => ({ ...known.get(key)?.dimensions, ...contract.dimensions })),
  ];
  return [
    ...new Set(
      all.flatMap((dimensions) =>
        Object.entries(dimensions).map(([name, value]) => dimensionKey(name, value)),
      ),
    ),
  ];
}

function taxKeys(catalog: CompiledCatalog, contract: CompiledContract, day: string): readonly string[] {
  const { taxTable, customers, products } = catalog;
  const customer = customers.get(contract.customer);
  if (taxTable === undefined || customer === undefined || contract.legalEntity.tax === "service") return [];
  const prices = [...contract.usagePrices, ...contract.flatPrices];
  const result = taxTable.tax({
    sellerCountry: contract.legalEntity.country,
    customer,
    pricesIncludeTax: contract.pricesIncludeTax,
    rounding: contract.rounding,
    lines: prices.map(({ product }) => ({ taxable: 0n, taxCode: products.get(product)?.taxCode, date: day })),
  });
  if ("hold" in result) return [];
  return [...new Set(result.lines.flatMap(({ details }) => details.map(taxKey)))];
}
