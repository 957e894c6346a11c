import type { Command } from "commander";
import { addExplainLineCommand } from "../close/explain-line.ts";
import { addHistoryCommand } from "../close/history.ts";
import { addReopenCommand } from "../close/reopen.ts";
import { addReportCommand } from "../close/report.ts";
import { addSignOffCommand } from "../close/sign-off.ts";
import { addWatermarkCommand } from "../close/watermark.ts";

export function addCloseCommand(program: Command): void {
  const close = program
    .command("close")
    .summary("close a period: what is open, explanations, the sign-off, opening it again, its history")
    .description(
      "Decisions are made by the workers that own the partitions, over the operator channel, and stand in their control logs with\n" +
        "who made them and why (docs/close.md).",
    );
  addReportCommand(close);
  addExplainLineCommand(close);
  addSignOffCommand(close);
  addReopenCommand(close);
  addWatermarkCommand(close);
  addHistoryCommand(close);
}
