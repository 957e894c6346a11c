import type { Clock } from "../../../model/clock.ts";
import {
  type Authentication,
  basicAuthentication,
  bearerAuthentication,
  fixedAuthentication,
} from "../common/authentication.ts";
import { requestAccessToken } from "../common/client-credentials.ts";
import type { HttpClient } from "../common/http-client.ts";
import { type AccessToken, TokenCache } from "../common/token-cache.ts";

/** Credentials of a communication user, with their values. */
export type SapCredentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | {
      readonly kind: "oauth";
      readonly clientId: string;
      readonly clientSecret: string;
      /** Where it is not the system's own. */
      readonly tokenUrl?: string;
    }
  /** The connection itself proves who is asking: the header stays away. */
  | {
      readonly kind: "certificate";
      readonly certificate: string;
      readonly privateKey: string;
      readonly authority?: string;
    };

const TOKEN_PATH = "/sap/bc/sec/oauth2/token";

export function authenticationOf(
  credentials: SapCredentials,
  { origin, http, clock }: { readonly origin: string; readonly http: HttpClient; readonly clock: Clock },
): Authentication {
  if (credentials.kind === "certificate") return fixedAuthentication(undefined);
  if (credentials.kind === "basic") return basicAuthentication(credentials.username, credentials.password);
  const { clientId, clientSecret, tokenUrl = origin + TOKEN_PATH } = credentials;
  const client = { tokenUrl, clientId, clientSecret, sentIn: "basic" } as const;
  const requestToken = (): Promise<AccessToken> =>
    requestAccessToken(client, { service: "SAP", http, clock });
  return bearerAuthentication(new TokenCache(requestToken, clock));
}
