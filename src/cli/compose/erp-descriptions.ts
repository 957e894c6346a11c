import type { ErpDescription } from "../../model/erp-description.ts";
import { ERP_ADAPTERS } from "../../sinks/erp/adapters.ts";

/** What the kinds of ERPs need of a mapping, for whoever runs the engine. */
export const ERP_DESCRIPTIONS: readonly ErpDescription[] = ERP_ADAPTERS.map(({ description }) => description);
