import type { Command } from "commander";
import { OLDEST_SERVER_VERSION } from "../../ingest/jetstream/connection.ts";
import { MIGRATIONS } from "../../state/schema/migrate.ts";
import { printJson, printLine } from "../print.ts";
import { VERSION } from "../version.ts";

export function addVersionCommand(program: Command): void {
  program
    .command("version")
    .summary("versions of this installation and of what it works with")
    .description(
      "Prints the version of Tributary, of Node.js, of the state file's schema and the oldest NATS server.",
    )
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) => {
      const versions = {
        tributary: VERSION,
        node: process.versions.node,
        stateSchema: MIGRATIONS.length,
        oldestNatsServer: OLDEST_SERVER_VERSION,
      };
      if (options.json === true) {
        printJson(versions);
        return;
      }
      printLine(`tributary ${versions.tributary}`);
      printLine(
        `node ${versions.node}, state schema ${versions.stateSchema}, NATS server ≥ ${OLDEST_SERVER_VERSION}`,
      );
    });
}
