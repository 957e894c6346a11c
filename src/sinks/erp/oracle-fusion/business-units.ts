import { z } from "zod";
import { ErpFault } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import { MAX_REMEMBERED_UNITS } from "./limits.ts";
import { FINANCIALS, parsed, quoted, readAll } from "./resources.ts";

const unitSchema = z.looseObject({ BusinessUnitId: z.string().regex(/^\d{1,18}$/) });

/** Ids of business units, which AutoInvoice is told, by the names that mappings have. They never change, and are remembered. */
export class BusinessUnits {
  readonly #client: OracleClient;
  readonly #ids = new Map<string, string>();

  constructor(client: OracleClient) {
    this.#client = client;
  }

  /** Throws ErpFault `mapping` for a name that Oracle doesn't have. */
  async idOf(name: string, signal: AbortSignal): Promise<string> {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const [item] = await readAll(this.#client, {
      operation: "look-up-business-unit",
      path: `${FINANCIALS}/finBusinessUnitsLOV`,
      q: `BusinessUnitName=${quoted(name)}`,
      signal,
    });
    if (item === undefined)
      throw new ErpFault("mapping", `Oracle has no business unit ${name.slice(0, 100)}`, {
        code: "AR_BU_NOT_FOUND",
      });
    const { BusinessUnitId: id } = parsed(unitSchema, item, "business unit");
    if (this.#ids.size >= MAX_REMEMBERED_UNITS) this.#ids.clear();
    this.#ids.set(name, id);
    return id;
  }
}
