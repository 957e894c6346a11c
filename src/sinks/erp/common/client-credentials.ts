import { z } from "zod";
import type { Clock } from "../../../model/clock.ts";
import { retryAfterMs } from "../../http/retry-after.ts";
import { ErpFault } from "../erp-sink.ts";
import { type HttpClient, HttpFailure, type HttpReply } from "./http-client.ts";
import type { AccessToken } from "./token-cache.ts";

/** Access tokens by OAuth 2.0 client credentials with a secret (RFC 6749, section 4.4). A certificate's assertion is another thing. */

export interface ClientCredentials {
  /** Address of the token endpoint. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the client says who it is: in the form, or by HTTP Basic (RFC 6749, section 2.3.1). */
  readonly sentIn: "body" | "basic";
  /** What the token is to be good for, where the endpoint wants to know. */
  readonly scope?: string;
  /** Former name of the scope, of Azure AD's endpoint of version 1 among others. */
  readonly resource?: string;
}

/** Getting a token is quick or is tried again. */
const TOKEN_DEADLINE_MS = 30_000;
/** Where the answer doesn't say how long the token is good for (the field is only recommended). */
const DEFAULT_TOKEN_LIFETIME_SECONDS = 3_600;
/** Descriptions of errors go into logs. */
const MAX_DESCRIPTION_CHARACTERS = 300;

const tokenSchema = z.looseObject({
  access_token: z.string().regex(/^[\x21-\x7e]{1,20000}$/),
  // Some write it as a text.
  expires_in: z.coerce.number().positive().max(Number.MAX_SAFE_INTEGER).optional(),
});
const errorSchema = z.looseObject({ error: z.string().max(100), error_description: z.string().optional() });
/** Errors of RFC 6749 that say nothing of the credentials. */
const PASSING_ERRORS: ReadonlySet<string> = new Set(["temporarily_unavailable", "server_error"]);

/**
 * Asks for a token once; for a `TokenCache`. Rejects with ErpFault: `authentication` where the client is refused, `throttle`, and `transient` for
 * all else, since nothing of a document was sent yet.
 * @param service who is asked, for people: "Microsoft Entra"
 */
export async function requestAccessToken(
  credentials: ClientCredentials,
  { service, http, clock }: { readonly service: string; readonly http: HttpClient; readonly clock: Clock },
): Promise<AccessToken> {
  const { tokenUrl, clientId, clientSecret, sentIn, scope, resource } = credentials;
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    ...(sentIn === "body" && { client_id: clientId, client_secret: clientSecret }),
    ...(scope !== undefined && { scope }),
    ...(resource !== undefined && { resource }),
  });
  let reply: HttpReply;
  try {
    reply = await http.send({
      method: "POST",
      url: tokenUrl,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        accept: "application/json",
        ...(sentIn === "basic" && { authorization: basicAuthorization(clientId, clientSecret) }),
      },
      body: form.toString(),
      signal: AbortSignal.timeout(TOKEN_DEADLINE_MS),
    });
  } catch (fault) {
    if (!(fault instanceof HttpFailure)) throw fault;
    throw new ErpFault("transient", `${service} gave no access token: ${fault.message}`, { cause: fault });
  }
  const body = bodyOf(reply);
  const token = tokenSchema.safeParse(body);
  if (reply.status !== 200 || !token.success) throw refusal(reply, body, credentials, { service, clock });
  const { access_token: accessToken, expires_in: seconds } = token.data;
  return { token: accessToken, lifetimeMs: (seconds ?? DEFAULT_TOKEN_LIFETIME_SECONDS) * 1000 };
}

/** Both parts are encoded like a form's before they are joined, so that a colon in them does no harm. */
function basicAuthorization(clientId: string, clientSecret: string): string {
  const encoded = (text: string): string => new URLSearchParams({ v: text }).toString().slice("v=".length);
  return `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(clientSecret)}`).toString("base64")}`;
}

function bodyOf({ text }: HttpReply): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(
  { status, header }: HttpReply,
  body: unknown,
  { clientSecret }: ClientCredentials,
  { service, clock }: { readonly service: string; readonly clock: Clock },
): ErpFault {
  const waitMs = retryAfterMs(header("retry-after"), clock.nowMs());
  const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs };
  if (status === 429)
    return new ErpFault("throttle", `${service} wants fewer requests for access tokens`, wait);
  const error = errorSchema.safeParse(body);
  if (error.success && status >= 400 && status < 500 && !PASSING_ERRORS.has(error.data.error)) {
    const { error: code, error_description: description = "" } = error.data;
    // Nobody should repeat the secret to us, and nobody gets it from us.
    const detail = description.replaceAll(clientSecret, "…").slice(0, MAX_DESCRIPTION_CHARACTERS);
    return new ErpFault(
      "authentication",
      `${service} refuses the client (${code})${detail === "" ? "" : `: ${detail}`}`,
      { code },
    );
  }
  if (status === 401 || status === 403)
    return new ErpFault("authentication", `${service} refuses to give an access token (HTTP ${status})`);
  return new ErpFault("transient", `${service} gave no access token (HTTP ${status})`, wait);
}
