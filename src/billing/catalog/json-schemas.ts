import { z } from "zod";
import { taxRateSchema } from "../tax/tax-rate.ts";
import { exchangeRateSchema } from "../exchange/exchange-rate.ts";
import { erpConnectionSchema } from "../posting/erp-connection.ts";
import { mappingRowSchema } from "../posting/mapping-row.ts";
import { legalEntitySchema } from "./legal-entity.ts";
import {
  contractSchema,
  customerSchema,
  meterSchema,
  planSchema,
  productSchema,
  settingsSchema,
} from "./entities.ts";

const ENTITIES = {
  settings: settingsSchema,
  meter: meterSchema,
  product: productSchema,
  plan: planSchema,
  contract: contractSchema,
  customer: customerSchema,
  legal_entity: legalEntitySchema,
  tax_rate: taxRateSchema,
  exchange_rate: exchangeRateSchema,
  erp_connection: erpConnectionSchema,
  mapping: mappingRowSchema,
};
export type CatalogEntity = keyof typeof ENTITIES;

/** JSON Schemas (draft 2020-12) of the entities as they are written in files. */
export function catalogJsonSchemas(): Record<CatalogEntity, z.core.JSONSchema.BaseSchema> {
  const schemaOf = (entity: CatalogEntity): z.core.JSONSchema.BaseSchema =>
    // "any": the step before an integer (text → number) has no schema of its own; its field states the type.
    z.toJSONSchema(ENTITIES[entity], { io: "input", unrepresentable: "any" });
  return {
    settings: schemaOf("settings"),
    meter: schemaOf("meter"),
    product: schemaOf("product"),
    plan: schemaOf("plan"),
    contract: schemaOf("contract"),
    customer: schemaOf("customer"),
    legal_entity: schemaOf("legal_entity"),
    tax_rate: schemaOf("tax_rate"),
    exchange_rate: schemaOf("exchange_rate"),
    erp_connection: schemaOf("erp_connection"),
    mapping: schemaOf("mapping"),
  };
}
