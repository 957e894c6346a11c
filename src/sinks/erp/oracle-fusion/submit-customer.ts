import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import {
  CUSTOMER_ACCOUNT_SERVICE,
  type CustomerAccount,
  customerAccountOf,
  customerReference,
} from "./customer-accounts.ts";
import {
  changeAddress,
  createParty,
  differencesOf,
  type Party,
  partyOfId,
  partyOfReference,
  renameParty,
} from "./parties.ts";
import type { CustomerPlan, CustomerRequest } from "./plan.ts";
import { nodesOf, type SoapService } from "./soap.ts";
import type { OracleTools } from "./tools.ts";

/**
 * A customer is a party, an account with a site, and a profile. Each is looked for before it is made, in this order, so that what an earlier try has
 * left half done is completed, and made twice by none.
 */

const PROFILE_SERVICE: SoapService = {
  path: "/fscmService/ReceivablesCustomerProfileService",
  service: "http://xmlns.oracle.com/apps/financials/receivables/customers/customerProfileService/",
  types: "http://xmlns.oracle.com/apps/financials/receivables/customers/customerProfileService/types/",
};
/** Without it Oracle refuses a row, and does not say which field is missing. */
const CREATED_BY_MODULE = "HZ_WS";
/** What Oracle calls a record that isn't there. */
const RECORD_MISSING = "FND_CMN_RCRD_MSNG";

export async function submitCustomer(
  tools: OracleTools,
  plan: CustomerPlan,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const { request, externalId } = plan;
  if (request.kind === "existing-customer") return confirmExisting(tools, request.accountNumber, signal);
  const [known, second] = await tools.customers.accounts(externalId, signal);
  if (second !== undefined)
    throw new ErpFault("duplicate", "Oracle has several customer accounts with the customer's reference");
  const account = known ?? (await createAccount(tools, request, externalId, signal));
  if (known !== undefined && !request.keepsData) await align(tools, known, request, signal);
  if (!(await hasProfile(tools, account, signal))) await createProfile(tools, account, signal);
  return { status: "confirmed", erp: customerReference(account) };
}

/** A customer of Oracle's own is only looked for. */
async function confirmExisting(
  { customers }: OracleTools,
  accountNumber: string,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const id = await customers.accountId(accountNumber, signal);
  if (id === undefined)
    throw new ErpFault("mapping", `Oracle has no customer account ${accountNumber} that the mapping names`, {
      code: "AR_BILL_TO_CUST_NOT_FOUND",
    });
  return { status: "confirmed", erp: { id, number: accountNumber } };
}

async function createAccount(
  { client, options }: OracleTools,
  request: CustomerRequest,
  externalId: string,
  signal: AbortSignal,
): Promise<CustomerAccount> {
  const reference = { sourceSystem: options.sourceSystem, externalId };
  const party =
    (await partyOfReference(client, reference, signal)) ??
    (await createParty(client, request, reference, signal));
  const response = await client.soap({
    operation: "submit-customer",
    service: CUSTOMER_ACCOUNT_SERVICE,
    call: "createCustomerAccount",
    parameters: [
      {
        name: "customerAccount",
        value: {
          PartyId: party.id,
          AccountName: request.accountName,
          CustomerType: "R",
          OrigSystem: options.sourceSystem,
          OrigSystemReference: externalId,
          CreatedByModule: CREATED_BY_MODULE,
          CustomerAccountSite: {
            PartySiteId: siteOf(party),
            SetId: request.setId,
            CreatedByModule: CREATED_BY_MODULE,
            CustomerAccountSiteUse: { SiteUseCode: "BILL_TO", CreatedByModule: CREATED_BY_MODULE },
          },
        },
      },
    ],
    effect: "write",
    signal,
  });
  const [value] = nodesOf(response, "result").flatMap((result) => nodesOf(result, "Value"));
  if (value === undefined) throw new ErpFault("unknown", "Oracle did not say which customer account it made");
  return customerAccountOf(value);
}

function siteOf({ address }: Party): string {
  if (address === undefined)
    throw new ErpFault("validation", "the party has no address, so that no site can be billed");
  return address.id;
}

/** Brings name and address up to date. */
async function align(
  { client }: OracleTools,
  account: CustomerAccount,
  request: CustomerRequest,
  signal: AbortSignal,
): Promise<void> {
  const party = await partyOfId(client, account.partyId, signal);
  if (party === undefined) return;
  const differs = differencesOf(party, request);
  if (differs.name) await renameParty(client, party, request.organizationName, signal);
  if (differs.address) await changeAddress(client, party, request.address, signal);
}

/** Whether everything of an account is there, and as the customer's data say. */
export async function isAligned(
  tools: OracleTools,
  account: CustomerAccount,
  request: CustomerRequest,
  signal: AbortSignal,
): Promise<boolean> {
  if (!account.hasBillToSite || !(await hasProfile(tools, account, signal))) return false;
  if (request.keepsData) return true;
  const party = await partyOfId(tools.client, account.partyId, signal);
  const differs = party && differencesOf(party, request);
  return differs !== undefined && !differs.name && !differs.address;
}

async function hasProfile(
  { client }: OracleTools,
  { id }: CustomerAccount,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.soap({
      operation: "look-up-profile",
      service: PROFILE_SERVICE,
      call: "getActiveCustomerProfile",
      parameters: [{ name: "customerProfile", value: { CustomerAccountId: id } }],
      effect: "read",
      signal,
    });
    return true;
  } catch (fault) {
    if (fault instanceof ErpFault && fault.code?.includes(RECORD_MISSING) === true) return false;
    throw fault;
  }
}

async function createProfile(
  { client, options }: OracleTools,
  { id, partyId }: CustomerAccount,
  signal: AbortSignal,
): Promise<void> {
  await client.soap({
    operation: "submit-profile",
    service: PROFILE_SERVICE,
    call: "createCustomerProfile",
    parameters: [
      {
        name: "customerProfile",
        value: { CustomerAccountId: id, PartyId: partyId, ProfileClassName: options.profileClass },
      },
    ],
    effect: "write",
    signal,
  });
}
