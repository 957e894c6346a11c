import type { OracleClient } from "./client.ts";
import type { CustomerDirectory } from "./customer-accounts.ts";

/** What the steps of a connection share. */
export interface OracleTools {
  readonly client: OracleClient;
  readonly customers: CustomerDirectory;
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
}
