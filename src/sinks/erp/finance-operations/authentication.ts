import type { Clock } from "../../../model/clock.ts";
import type { Authentication } from "../common/authentication.ts";
import { entraAuthentication } from "../common/entra-authentication.ts";
import type { HttpClient } from "../common/http-client.ts";

/** An application that is registered in Microsoft Entra and in the environment. */
export interface FinanceOperationsCredentials {
  /** Origin that gives tokens: https://login.microsoftonline.com, or that of another cloud. */
  readonly authority: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The environment's own address, which tokens are for. */
  readonly resource: string;
}

export function authenticationOf(
  { authority, tenant, clientId, clientSecret, resource }: FinanceOperationsCredentials,
  connection: { readonly http: HttpClient; readonly clock: Clock },
): Authentication {
  const tokenUrl = `${authority}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
  return entraAuthentication({ tokenUrl, clientId, clientSecret, scope: `${resource}/.default` }, connection);
}
