import type { Clock } from "../../../model/clock.ts";
import { requestAccessToken } from "../common/client-credentials.ts";
import type { HttpClient } from "../common/http-client.ts";
import { TokenCache } from "../common/token-cache.ts";

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

/** Access tokens of a connection: one for all requests, renewed early. */
export function accessTokens(
  { authority, tenant, clientId, clientSecret, resource }: FinanceOperationsCredentials,
  { http, clock }: { readonly http: HttpClient; readonly clock: Clock },
): TokenCache {
  const credentials = {
    tokenUrl: `${authority}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
    clientId,
    clientSecret,
    sentIn: "body",
    scope: `${resource}/.default`,
  } as const;
  return new TokenCache(
    () => requestAccessToken(credentials, { service: "Microsoft Entra", http, clock }),
    clock,
  );
}
