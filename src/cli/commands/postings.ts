import type { Command } from "commander";
import { addDecisionCommands } from "../postings/decide.ts";
import { addPostingHistoryCommand } from "../postings/history.ts";
import { addListCommand } from "../postings/list.ts";
import { addRedriveCommand } from "../postings/redrive.ts";

export function addPostingsCommand(program: Command): void {
  const postings = program
    .command("postings")
    .summary("documents in an ERP: exceptions, what happened to each, and decisions about them")
    .description(
      "What a connection's runner has written, and what people decide about documents of the connection (docs/posting.md). What\n" +
        "partitions know of their documents is shown by `tributary inspect postings`.",
    );
  addListCommand(postings);
  addPostingHistoryCommand(postings);
  addDecisionCommands(postings);
  addRedriveCommand(postings);
}
