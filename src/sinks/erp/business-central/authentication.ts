import type { Clock } from "../../../model/clock.ts";
import { requestAccessToken } from "../common/client-credentials.ts";
import type { HttpClient } from "../common/http-client.ts";
import { TokenCache } from "../common/token-cache.ts";
import type { BusinessCentralOptions } from "./configuration.ts";

/** Access tokens of Microsoft Entra for the connection's app registration: one for all requests, renewed early. */
export function entraTokens(
  { tokenUrl, scope, clientId, clientSecret }: BusinessCentralOptions,
  { http, clock }: { readonly http: HttpClient; readonly clock: Clock },
): TokenCache {
  const credentials = { tokenUrl, clientId, clientSecret, sentIn: "body", scope } as const;
  return new TokenCache(
    () => requestAccessToken(credentials, { service: "Microsoft Entra", http, clock }),
    clock,
  );
}
