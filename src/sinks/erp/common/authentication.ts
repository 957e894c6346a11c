import type { TokenCache } from "./token-cache.ts";

/** What a request is signed for. */
export interface SignedRequest {
  readonly method: string;
  /** Whole address with its query. */
  readonly url: string;
}

/** How a connection proves who it is. */
export interface Authentication {
  /** Value of the header `Authorization`; undefined where the connection itself proves it. Rejects with ErpFault where none can be had. */
  authorization(request: SignedRequest): Promise<string | undefined>;
  /** The ERP refused the value with 401. Says whether a new one may be better, so that the request is worth sending once more. */
  refused(authorization: string | undefined): boolean;
}

/** The same for every request: there is no better one. */
export function fixedAuthentication(authorization: string | undefined): Authentication {
  return { authorization: () => Promise.resolve(authorization), refused: () => false };
}

/** A user and a password by HTTP Basic (RFC 7617). */
export function basicAuthentication(username: string, password: string): Authentication {
  return fixedAuthentication(`Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`);
}

/** An access token (RFC 6750) that is asked for anew when it is refused. */
export function bearerAuthentication(tokens: TokenCache): Authentication {
  return {
    authorization: async () => `Bearer ${await tokens.token()}`,
    refused: (authorization = "") => {
      tokens.refused(authorization.replace(/^Bearer /, ""));
      return true;
    },
  };
}
