import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SapError } from "./errors.ts";

/** Sessions of OData: a change needs the token and all the cookies that came with it, of the same user. */
export class Sessions {
  readonly #sessions = new Map<
    string,
    { readonly token: string; readonly user: string; readonly context: string }
  >();
  opened = 0;

  /** Headers that open a session. */
  open(user: string): Readonly<Record<string, string | readonly string[]>> {
    const [id, token, context] = [9, 12, 6].map((bytes) => randomBytes(bytes).toString("base64url"));
    if (id === undefined || token === undefined || context === undefined) throw new Error("no session");
    this.#sessions.set(id, { token, user, context });
    this.opened += 1;
    return {
      "x-csrf-token": token,
      "set-cookie": [
        `sap-usercontext=${context}; path=/`,
        `SAP_SESSIONID_S4H_100=${id}; path=/; secure; HttpOnly`,
      ],
    };
  }

  endAll(): void {
    this.#sessions.clear();
  }

  /** Throws 403 "Required" where a change shows no session of its user. */
  check(request: IncomingMessage, user: string): void {
    const cookies = new Map(
      (request.headers.cookie ?? "").split("; ").map((pair) => {
        const [name = "", value = ""] = pair.split(/=(.*)/s);
        return [name, value] as const;
      }),
    );
    const session = this.#sessions.get(cookies.get("SAP_SESSIONID_S4H_100") ?? "");
    const isRight =
      session !== undefined &&
      session.user === user &&
      session.context === cookies.get("sap-usercontext") &&
      session.token === request.headers["x-csrf-token"];
    if (!isRight)
      throw new SapError(403, "403", "CSRF token validation failed", {
        form: "text",
        headers: { "x-csrf-token": "Required" },
      });
  }
}
