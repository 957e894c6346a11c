import type { Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { loadCatalogDirectory } from "../catalog-directory.ts";

export interface ConnectionOptions extends ConfiguredOptions {
  readonly connection?: string;
}

export const CONNECTION_FLAG = "--connection <key>";
export const CONNECTION_HELP = "ERP connection of the catalog; not needed where it has one";

/** Adds `--connection`, `--config`, `--json`. */
export function addConnectionOption(command: Command): Command {
  return addConfiguredOptions(command).option(CONNECTION_FLAG, CONNECTION_HELP);
}

/** The connection that is meant. Throws `usage-invalid` where the catalog has none of that name, or several and none is named. */
export async function connectionOf(options: ConnectionOptions): Promise<string> {
  const { compiled } = await loadCatalogDirectory(readConfig(options).catalogDir);
  const keys = compiled.posting.connections.map(({ key }) => key);
  const wanted = options.connection ?? (keys.length === 1 ? keys[0] : undefined);
  if (wanted !== undefined && keys.includes(wanted)) return wanted;
  const known = keys.length === 0 ? "has none" : `has ${keys.join(", ")}`;
  throw new TributaryError(
    "usage-invalid",
    wanted === undefined
      ? `Name the ERP connection by --connection: the catalog ${known}.`
      : `There is no ERP connection ${wanted}: the catalog ${known}.`,
  );
}

/** Runs `act` with a connection to the broker. */
export async function withBroker<Result>(
  options: ConfiguredOptions,
  act: (broker: BrokerConnection) => Promise<Result>,
): Promise<Result> {
  const broker = await connectBroker({ ...readConfig(options).nats, name: "tributary-postings" });
  try {
    return await act(broker);
  } finally {
    await broker.close();
  }
}
