import { z } from "zod";
import type { ErpReference } from "../../../model/posting.ts";
import { ErpFault } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import { MAX_REMEMBERED_CUSTOMERS } from "./limits.ts";
import type { BillTo } from "./plan.ts";
import { FINANCIALS, parsed, quoted, readAll } from "./resources.ts";
import { fieldOf, nodesOf, type SoapService, type XmlNode } from "./soap.ts";

/** Customer accounts of Receivables: no REST resource has them, a SOAP service does. */

export const CUSTOMER_ACCOUNT_SERVICE: SoapService = {
  path: "/crmService/CustomerAccountService",
  service: "http://xmlns.oracle.com/apps/cdm/foundation/parties/customerAccountService/",
  types:
    "http://xmlns.oracle.com/apps/cdm/foundation/parties/customerAccountService/applicationModule/types/",
};

export interface CustomerAccount {
  readonly id: string;
  readonly number: string;
  readonly partyId: string;
  readonly isActive: boolean;
  /** Whether it has a site that may be billed. */
  readonly hasBillToSite: boolean;
}

export function customerAccountOf(node: XmlNode): CustomerAccount {
  const account = {
    id: fieldOf(node, "CustomerAccountId"),
    number: fieldOf(node, "AccountNumber"),
    partyId: fieldOf(node, "PartyId"),
    isActive: fieldOf(node, "Status") !== "I",
    hasBillToSite: nodesOf(node, "CustomerAccountSite").some((site) =>
      nodesOf(site, "CustomerAccountSiteUse").some((use) => fieldOf(use, "SiteUseCode") === "BILL_TO"),
    ),
  };
  if (account.id === "" || account.number === "" || account.partyId === "")
    throw new ErpFault("transient", "Oracle's customer account has no number");
  return account;
}

/** What a customer is called: by the party, which a search by our reference finds, and by the number that people see. */
export function customerReference({ partyId, number }: CustomerAccount): ErpReference {
  return { id: partyId, number };
}

const accountSchema = z.looseObject({ AccountId: z.string().regex(/^\d{1,18}$/) });

/** Finds accounts, and remembers their numbers, which never change: without it more is asked. */
export class CustomerDirectory {
  readonly #client: OracleClient;
  readonly #sourceSystem: string;
  readonly #numbers = new Map<string, string>();

  /** @param sourceSystem source system in whose name accounts are made */
  constructor(client: OracleClient, sourceSystem: string) {
    this.#client = client;
    this.#sourceSystem = sourceSystem;
  }

  /** All accounts with the reference of an external id. */
  async accounts(externalId: string, signal: AbortSignal): Promise<readonly CustomerAccount[]> {
    const response = await this.#client.soap({
      operation: "look-up-customer",
      service: CUSTOMER_ACCOUNT_SERVICE,
      call: "getCustomerAccountByOriginalSystemReference",
      parameters: [
        {
          name: "findCriteria",
          value: { fetchStart: "0", fetchSize: "10", excludeAttribute: "false" },
          isQuestion: true,
        },
        { name: "bindOrigSystem", value: this.#sourceSystem },
        { name: "bindOrigSystemReference", value: externalId },
        { name: "findControl", value: { retrieveAllTranslations: "false" }, isQuestion: true },
      ],
      effect: "read",
      signal,
    });
    const accounts = nodesOf(response, "result")
      .flatMap((result) => nodesOf(result, "Value"))
      .map(customerAccountOf);
    const [account] = accounts;
    if (account !== undefined && accounts.length === 1) this.#remember(externalId, account.number);
    return accounts;
  }

  /** Account number that a transaction is billed to; undefined where the account isn't there (yet). */
  async accountNumber(billTo: BillTo, signal: AbortSignal): Promise<string | undefined> {
    if ("accountNumber" in billTo) return billTo.accountNumber;
    const known = this.#numbers.get(billTo.externalId);
    if (known !== undefined) return known;
    const [account] = await this.accounts(billTo.externalId, signal);
    return account?.number;
  }

  /** Id of the account of a number; undefined where there is none. */
  async accountId(accountNumber: string, signal: AbortSignal): Promise<string | undefined> {
    const [item] = await readAll(this.#client, {
      operation: "look-up-customer",
      path: ACTIVITIES,
      q: `AccountNumber=${quoted(accountNumber)}`,
      signal,
    });
    return item === undefined ? undefined : parsed(accountSchema, item, "customer account").AccountId;
  }

  #remember(externalId: string, number: string): void {
    const [oldest] = this.#numbers.keys();
    if (this.#numbers.size >= MAX_REMEMBERED_CUSTOMERS && oldest !== undefined) this.#numbers.delete(oldest);
    this.#numbers.set(externalId, number);
  }
}

export const ACTIVITIES = `${FINANCIALS}/receivablesCustomerAccountActivities`;
