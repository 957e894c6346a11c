import { plainText, scaled, sumTexts } from "../exact-numbers.ts";
import { callOf, childOf, type Element, fault, fieldsOf, responseXml, type Value } from "./soap.ts";
import type { Account, Transaction } from "./store.ts";
import type { Books } from "./transaction-rules.ts";

/** The SOAP services: customer accounts, their profiles, and the application of memos. */

interface Service {
  readonly service: string;
  readonly types: string;
  readonly operations: Readonly<
    Record<string, (parameters: readonly Element[], service: string, books: Books) => readonly Reply[]>
  >;
}
type Reply = Readonly<Record<string, Value>>;

const ADF_TYPES = "http://xmlns.oracle.com/adf/svc/types/";
const CUSTOMERS = "http://xmlns.oracle.com/apps/cdm/foundation/parties/customerAccountService/";
const PROFILES = "http://xmlns.oracle.com/apps/financials/receivables/customers/customerProfileService/";
const MEMOS =
  "http://xmlns.oracle.com/apps/financials/receivables/transactions/creditMemos/creditMemoService/";

const SERVICES: Readonly<Record<string, Service>> = {
  "/crmService/CustomerAccountService": {
    service: CUSTOMERS,
    types: `${CUSTOMERS}applicationModule/types/`,
    operations: {
      getCustomerAccountByOriginalSystemReference: accountsByReference,
      createCustomerAccount: createAccount,
    },
  },
  "/fscmService/ReceivablesCustomerProfileService": {
    service: PROFILES,
    types: `${PROFILES}types/`,
    operations: { getActiveCustomerProfile: activeProfile, createCustomerProfile: createProfile },
  },
  "/fscmService/CreditMemoService": {
    service: MEMOS,
    types: `${MEMOS}types/`,
    operations: { createApplyOnAccountCreditMemo: applyMemo },
  },
};

/** Answers a call; undefined where the path is of no service. Throws faults. */
export function answerSoap(path: string, envelope: string, action: string, books: Books): string | undefined {
  const service = SERVICES[path];
  if (service === undefined) return undefined;
  const { operation, parameters } = callOf(envelope, service.types);
  const act = service.operations[operation];
  if (act === undefined || !action.replaceAll('"', "").endsWith(operation)) throw fault("Unknown method");
  const values = act(parameters, service.service, books);
  return responseXml(service.types, service.service, operation, values);
}

function parameter(parameters: readonly Element[], name: string): Element {
  const found = parameters.find((each) => each.name === name);
  if (found === undefined) throw fault(`The parameter ${name} is missing`, "env:Client");
  return found;
}

function accountsByReference(
  parameters: readonly Element[],
  _service: string,
  { store }: Books,
): readonly Reply[] {
  fieldsOf(parameter(parameters, "findCriteria"), ADF_TYPES, ["fetchStart", "fetchSize", "excludeAttribute"]);
  const system = parameter(parameters, "bindOrigSystem").text;
  const reference = parameter(parameters, "bindOrigSystemReference").text;
  return store
    .all("account")
    .filter((account) => account.origSystem === system && account.reference === reference)
    .map(accountReply);
}

function accountReply(account: Account): Reply {
  return {
    CustomerAccountId: account.id,
    PartyId: account.partyId,
    AccountNumber: account.number,
    AccountName: account.name,
    Status: "A",
    OrigSystemReference: account.reference,
    ...(account.siteId !== null && {
      CustomerAccountSite: {
        CustomerAccountSiteId: account.siteId,
        SetId: account.setId,
        CustomerAccountSiteUse: { SiteUseCode: "BILL_TO", PrimaryFlag: "true" },
      },
    }),
  };
}

function createAccount(
  parameters: readonly Element[],
  service: string,
  { store, environment, nowMs }: Books,
): readonly Reply[] {
  const element = parameter(parameters, "customerAccount");
  const field = fieldsOf(element, service, [
    "PartyId",
    "AccountName",
    "CustomerType",
    "OrigSystem",
    "OrigSystemReference",
    "CreatedByModule",
    "CustomerAccountSite",
  ]);
  const party = store.all("party").find(({ id }) => id === field("PartyId"));
  if (party === undefined) throw fault("The party doesn't exist.", "HZ-120118");
  // Which field is missing isn't told.
  if (field("CreatedByModule") === "") throw fault("Failed to validate a row with key null", "JBO-27024");
  const system = field("OrigSystem");
  if (system !== "" && !environment.sourceSystems.includes(system))
    throw fault("The source system isn't registered.", "HZ-120559");
  const reference = field("OrigSystemReference");
  if (store.all("account").some((each) => each.origSystem === system && each.reference === reference))
    throw fault("A record with the source system reference already exists.", "HZ_API_DUPLICATE_COLUMN");
  const site = childOf(element, "CustomerAccountSite");
  const siteField =
    site && fieldsOf(site, service, ["PartySiteId", "SetId", "CreatedByModule", "CustomerAccountSiteUse"]);
  if (siteField !== undefined) {
    if (siteField("PartySiteId") !== party.address?.id)
      throw fault("The party site doesn't exist.", "HZ-120119");
    if (!environment.setIds.includes(siteField("SetId")))
      throw fault("The reference data set isn't valid.", "HZ-120560");
    if (siteField("CreatedByModule") === "")
      throw fault("Failed to validate a row with key null", "JBO-27024");
    const use = childOf(site, "CustomerAccountSiteUse");
    if (
      use !== undefined &&
      fieldsOf(use, service, ["SiteUseCode", "CreatedByModule"])("SiteUseCode") !== "BILL_TO"
    )
      throw fault("The site use isn't valid.", "HZ-120561");
  }
  const account: Account = {
    kind: "account",
    id: store.nextId(),
    number: `C${store.all("account").length + 1001}`,
    partyId: party.id,
    name: field("AccountName"),
    origSystem: system === "" ? null : system,
    reference: reference === "" ? null : reference,
    siteId: site === undefined ? null : store.nextId(),
    setId: siteField?.("SetId") ?? null,
    profileClass: null,
    createdMs: nowMs(),
    changedMs: nowMs(),
  };
  store.put(account);
  return [accountReply(account)];
}

function activeProfile(parameters: readonly Element[], service: string, { store }: Books): readonly Reply[] {
  const field = fieldsOf(parameter(parameters, "customerProfile"), service, ["CustomerAccountId"]);
  const account = store.all("account").find(({ id }) => id === field("CustomerAccountId"));
  if (account === undefined || account.profileClass === null)
    throw fault("The record is missing.", "FND:::FND_CMN_RCRD_MSNG");
  return [{ CustomerAccountId: account.id, ProfileClassName: account.profileClass }];
}

function createProfile(
  parameters: readonly Element[],
  service: string,
  { store, environment, nowMs }: Books,
): readonly Reply[] {
  const field = fieldsOf(parameter(parameters, "customerProfile"), service, [
    "CustomerAccountId",
    "PartyId",
    "ProfileClassName",
  ]);
  const account = store.all("account").find(({ id }) => id === field("CustomerAccountId"));
  if (field("PartyId") === "")
    throw fault("Attribute PartyId in CustomerProfileDEO is required.", "JBO-27014");
  if (account === undefined || account.partyId !== field("PartyId"))
    throw fault("The customer account doesn't exist.", "HZ-120120");
  if (!environment.profileClasses.includes(field("ProfileClassName")))
    throw fault("The profile class isn't valid.", "HZ-120121");
  if (account.profileClass !== null)
    throw fault("An active profile already exists.", "HZ_API_DUPLICATE_PROFILE");
  account.profileClass = field("ProfileClassName");
  account.changedMs = nowMs();
  store.put(account);
  return [{ CustomerAccountId: account.id, ProfileClassName: account.profileClass }];
}

function applyMemo(
  parameters: readonly Element[],
  service: string,
  { store, nowMs }: Books,
): readonly Reply[] {
  const field = fieldsOf(parameter(parameters, "applyOnAccountCreditMemo"), service, [
    "AmountApplied",
    "ApplyDate",
    "BusinessUnit",
    "CreditMemoTrxId",
    "CreditMemoTrxNumber",
    "GlDate",
    "InvoiceCustomerTrxId",
    "InvoiceTrxNumber",
  ]);
  const transactions = store.all("transaction");
  const found = (id: string, isMemo: boolean): Transaction => {
    const one = transactions.find((each) => each.id === id && each.isMemo === isMemo && each.isComplete);
    if (one === undefined)
      throw fault("The transaction doesn't exist, or is incomplete.", "AR_TRX_NOT_FOUND");
    return one;
  };
  const memo = found(field("CreditMemoTrxId"), true);
  const invoice = found(field("InvoiceCustomerTrxId"), false);
  const amount = field("AmountApplied");
  if (memo.customerNumber !== invoice.customerNumber || memo.currency !== invoice.currency)
    throw fault("The transactions are of different customers or currencies.", "AR_APP_MISMATCH");
  if (
    scaled(amount) <= 0n ||
    scaled(amount) > scaled(invoice.balance) ||
    scaled(amount) > -scaled(memo.balance)
  )
    throw fault("The amount applied must not exceed the open amounts.", "AR_APP_AMOUNT_EXCEEDS");
  invoice.balance = plainText(scaled(invoice.balance) - scaled(amount));
  memo.balance = sumTexts([memo.balance, amount], 2);
  memo.applications.push({ invoiceId: invoice.id, invoiceNumber: invoice.number, amount });
  for (const changed of [memo, invoice]) {
    changed.changedMs = nowMs();
    store.put(changed);
  }
  return [{ ServiceStatus: "S" }];
}
