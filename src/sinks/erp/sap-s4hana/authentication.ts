import type { Clock } from "../../../model/clock.ts";
import { requestAccessToken } from "../common/client-credentials.ts";
import type { HttpClient } from "../common/http-client.ts";
import { TokenCache } from "../common/token-cache.ts";

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

/** How requests prove who sends them. */
export interface Authentication {
  /** Value of the header `Authorization`; undefined where the connection's certificate says it. Rejects with ErpFault where none can be had. */
  authorization(): Promise<string | undefined>;
  /** SAP refused the value with 401. Says whether a new one may be better, so that the request is worth sending once more. */
  refused(authorization: string | undefined): boolean;
}

const TOKEN_PATH = "/sap/bc/sec/oauth2/token";

export function authenticationOf(
  credentials: SapCredentials,
  { origin, http, clock }: { readonly origin: string; readonly http: HttpClient; readonly clock: Clock },
): Authentication {
  if (credentials.kind === "certificate") return fixed(undefined);
  if (credentials.kind === "basic") {
    const { username, password } = credentials;
    return fixed(`Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`);
  }
  const { clientId, clientSecret, tokenUrl = origin + TOKEN_PATH } = credentials;
  const client = { tokenUrl, clientId, clientSecret, sentIn: "basic" } as const;
  const tokens = new TokenCache(() => requestAccessToken(client, { service: "SAP", http, clock }), clock);
  return {
    authorization: async () => `Bearer ${await tokens.token()}`,
    refused: (authorization = "") => {
      tokens.refused(authorization.replace(/^Bearer /, ""));
      return true;
    },
  };
}

function fixed(value: string | undefined): Authentication {
  return { authorization: () => Promise.resolve(value), refused: () => false };
}
