import type { Clock } from "../../../model/clock.ts";
import { type Authentication, bearerAuthentication } from "./authentication.ts";
import { requestAccessToken } from "./client-credentials.ts";
import type { HttpClient } from "./http-client.ts";
import { type AccessToken, TokenCache } from "./token-cache.ts";

/** An application that is registered in Microsoft Entra. */
export interface EntraCredentials {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What tokens are good for: "https://…/.default". */
  readonly scope: string;
}

/** Access tokens of Microsoft Entra: one for all requests, renewed early. */
export function entraAuthentication(
  { tokenUrl, clientId, clientSecret, scope }: EntraCredentials,
  { http, clock }: { readonly http: HttpClient; readonly clock: Clock },
): Authentication {
  const credentials = { tokenUrl, clientId, clientSecret, sentIn: "body", scope } as const;
  const requestToken = (): Promise<AccessToken> =>
    requestAccessToken(credentials, { service: "Microsoft Entra", http, clock });
  return bearerAuthentication(new TokenCache(requestToken, clock));
}
