import type { BusinessUnits } from "./business-units.ts";
import type { OracleClient } from "./client.ts";
import type { CustomerDirectory } from "./customer-accounts.ts";
import type { ImportRegister } from "./import-register.ts";
import type { LineRemoval } from "./interface-lines.ts";

/** What the steps of a connection share. */
export interface OracleTools {
  readonly client: OracleClient;
  readonly customers: CustomerDirectory;
  readonly businessUnits: BusinessUnits;
  readonly imports: ImportRegister;
  readonly removal: LineRemoval;
  readonly options: OracleSetup;
}

/** Names of the environment's set-up that requests need beside a plan. */
export interface OracleSetup {
  /** Source system in whose name customers are made. */
  readonly sourceSystem: string;
  /** Profile class of customers that are made. */
  readonly profileClass: string;
  /** Account of the document server that files of journals go to. */
  readonly importAccount: string;
  /** Account of the document server that files of invoices go to. */
  readonly invoiceImportAccount: string;
}
