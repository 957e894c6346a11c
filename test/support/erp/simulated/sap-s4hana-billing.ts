import type { StoredBillingDocument } from "../../../simulators/sap-s4hana/billing-requests.ts";
import { REQUEST_SERVICE } from "../../../simulators/sap-s4hana/billing.ts";
import { cents, type DocumentFigures } from "../posted-month.ts";
import type {
  MappingOptions,
  MappingRow,
  SimulatedErpKind,
  SimulatedErpOptions,
  SimulatedFault,
} from "../simulated-erp.ts";
import { ALL_ABILITIES, anotherAmount, SERVICE_FAULTS } from "../simulated-service.ts";
import { SimulatedSap } from "./sap-s4hana.ts";

/** Long enough that a request is seen unbilled. */
const BILLING_MS = 100;
const RARE_MATERIAL = "USAGE_RARE";
const EXTERNAL_ID_CHARACTERS = 16;

/** SAP S/4HANA Cloud whose own job makes the billing documents; journals are posted as ever. */
export const sapS4hanaBillingErp: SimulatedErpKind = {
  connection: "sap-s4hana-billing",
  start: (options) => SimulatedSapBilling.start(options),
};

class SimulatedSapBilling extends SimulatedSap {
  override readonly abilities = { ...ALL_ABILITIES, accepts: true };

  static override async start(options: SimulatedErpOptions): Promise<SimulatedSapBilling> {
    const [simulator, clientSecret] = await SimulatedSap.startSimulator(options, {
      billingDelayMs: BILLING_MS,
    });
    return new SimulatedSapBilling(simulator, clientSecret);
  }

  override settings(): Readonly<Record<string, unknown>> {
    return {
      ...super.settings(),
      invoices: "billing-document-request",
      billing: {
        invoice: { document_type: "EOX1", item_category: "EDX1" },
        credit_memo: { document_type: "ECX1", item_category: "EGX1", request_type: "BDR2" },
        request_deadline: "3s",
      },
    };
  }

  override mapping(options: MappingOptions = {}): readonly MappingRow[] {
    const { otherItem = false } = options;
    const materials: Readonly<Record<string, string>> = {
      rare: otherItem ? "USAGE_OTHER" : RARE_MATERIAL,
      credits: "CREDITS",
      "*": "USAGE",
    };
    return super.mapping(options).map((row): MappingRow => {
      const { table, key, values } = row;
      if (table === "legal_entity")
        return {
          ...row,
          values: {
            ...values,
            sales_organization: values["id"] ?? "",
            distribution_channel: "10",
            division: "00",
          },
        };
      const material = table === "item" ? materials[key] : undefined;
      return material === undefined ? row : { ...row, values: { ...values, material } };
    });
  }

  override documents(): readonly DocumentFigures[] {
    return this.#billed().map(figuresOf);
  }

  /** Requests that come twice are recognised, unlike journal entries. */
  override fault(fault: SimulatedFault, which: { readonly times: number } | { readonly rate: number }): void {
    super.fault(fault, which);
    if (fault === "duplicate-delivery")
      this.simulator.fault(SERVICE_FAULTS[fault], { ...which, method: "POST", path: REQUEST_SERVICE });
  }

  override blockRareItem(): void {
    this.simulator.control({ do: "delete-material", material: RARE_MATERIAL });
  }

  override pay(number: string, amount?: string): void {
    const reference = externalIdOf(this.#withNumber(number));
    this.simulator.control({ do: "pay", reference, ...(amount === undefined ? {} : { amount }) });
  }

  override alter(number: string): void {
    const document = this.#withNumber(number);
    this.simulator.control({
      do: "edit-billing-document",
      number: document.number,
      amount: anotherAmount(document.items[0]?.net ?? "0"),
    });
  }

  work(): void {
    this.simulator.control({ do: "run-billing" });
  }

  #billed(): readonly StoredBillingDocument[] {
    return this.simulator
      .ledger()
      .billingDocuments.filter(({ isCancelled, cancels }) => !isCancelled && cancels === "");
  }

  #withNumber(number: string): StoredBillingDocument {
    const document = this.#billed().find((each) => numberOf(each) === number);
    if (document === undefined) throw new RangeError(`no document ${number}`);
    return document;
  }
}

/** The customer reference is the external id and the document's number here. */
function numberOf({ customerReference }: StoredBillingDocument): string {
  return customerReference.slice(EXTERNAL_ID_CHARACTERS + 1);
}

function externalIdOf({ customerReference }: StoredBillingDocument): string {
  return customerReference.slice(0, EXTERNAL_ID_CHARACTERS);
}

function figuresOf(document: StoredBillingDocument): DocumentFigures {
  const { currency, items } = document;
  const [net, tax] = [items.map((item) => cents(item.net)), items.map((item) => cents(item.tax))];
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
  return { number: numberOf(document), currency, tax: sum(tax), total: sum(net) + sum(tax), lines: net };
}
