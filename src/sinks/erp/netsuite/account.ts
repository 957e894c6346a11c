/** The two forms of an account's id: "1234567_SB1" is the realm of OAuth 1.0a, "1234567-sb1" begins its host names. */

/** As NetSuite shows it under Setup > Company > Company Information, or as in a host name. */
export const ACCOUNT_PATTERN = /^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$/;

export function realmOf(account: string): string {
  return account.replaceAll("-", "_").toUpperCase();
}

/** Origin of the account's REST services. */
export function originOf(account: string): string {
  return `https://${account.replaceAll("_", "-").toLowerCase()}.suitetalk.api.netsuite.com`;
}
