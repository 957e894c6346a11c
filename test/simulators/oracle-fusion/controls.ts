import { type CommonControls, isCommonCommand, performCommonCommand } from "../common/control-commands.ts";
import { plainText, scaled, sumTexts } from "../exact-numbers.ts";
import type { Authentication } from "./authentication.ts";
import type { ControlCommand, FaultRule } from "./control-commands.ts";
import type { ImportSwitches } from "./imports.ts";
import type { Transaction } from "./store.ts";
import { type Books, totalOf } from "./transaction-rules.ts";

/** What commands change while the simulator runs. */
export interface Switches extends ImportSwitches {
  latencyMs: number;
  lagMs: number;
  childLimit: number;
  stormUntilMs: number;
  stormRetryAfterSeconds: number | undefined;
  readonly forbidden: Set<string>;
}

export interface ControlledParts extends CommonControls<FaultRule> {
  readonly books: Books;
  readonly switches: Switches;
  readonly authentication: Authentication;
  finishImports(): void;
}

/** Does a command. Throws RangeError for what it names and does not exist. */
export function performControl(command: ControlCommand, parts: ControlledParts): object {
  const { books, switches, authentication } = parts;
  const { environment, store } = books;
  if (isCommonCommand(command)) return performCommonCommand(command, parts);
  switch (command.do) {
    case "close-period":
    case "open-period": {
      const periods = environment.periods.filter(
        ({ start, application }) =>
          start.startsWith(command.month) && (command.application ?? application) === application,
      );
      if (periods.length === 0) throw new RangeError(`no period ${command.month}`);
      for (const period of periods) period.status = command.do === "close-period" ? "C" : "O";
      break;
    }
    case "period-rule":
      environment.periodRule = command.rule;
      break;
    case "automatic-tax":
      environment.automaticTax = environment.taxRates.find(({ rateCode }) => rateCode === command.rateCode);
      break;
    case "deactivate-memo-line":
    case "activate-memo-line": {
      const line = environment.memoLines.find(({ name }) => name === command.name);
      if (line === undefined) throw new RangeError(`no memo line ${command.name}`);
      line.isInactive = command.do === "deactivate-memo-line";
      break;
    }
    case "revoke-permission":
      switches.forbidden.add(command.path);
      break;
    case "grant-permission":
      switches.forbidden.delete(command.path);
      break;
    case "refuse-credentials":
    case "accept-credentials":
      authentication.isRefusing = command.do === "refuse-credentials";
      authentication.expireTokens();
      break;
    case "set-lag":
      switches.lagMs = command.ms;
      break;
    case "set-child-limit":
      switches.childLimit = command.items;
      break;
    case "set-import-delay":
      switches.importDelayMs = command.ms;
      break;
    case "finish-imports":
      parts.finishImports();
      break;
    case "job-state":
      switches.jobState = command.state;
      break;
    case "rejections-end-as":
      switches.rejectionState = command.state;
      break;
    case "automatic-numbers": {
      const source = environment.transactionSources.find(({ name }) => name === command.source);
      if (source === undefined) throw new RangeError(`no transaction source ${command.source}`);
      source.isAutomatic = command.isOn;
      break;
    }
    case "remove-context": {
      const place = environment.interfaceContexts.indexOf(command.name);
      if (place === -1) throw new RangeError(`no context ${command.name}`);
      environment.interfaceContexts.splice(place, 1);
      break;
    }
    case "pay": {
      const invoice = transactionOf(command.number, books);
      const amount = command.amount ?? invoice.balance;
      if (scaled(amount) > scaled(invoice.balance)) throw new RangeError("more than is open");
      invoice.balance = plainText(scaled(invoice.balance) - scaled(amount));
      store.put(invoice);
      break;
    }
    case "edit-amount": {
      const edited = transactionOf(command.number, books);
      const [line] = edited.lines;
      if (line === undefined) throw new RangeError("it has no line");
      const digits = environment.currencies[edited.currency] ?? 0;
      line.amount = sumTexts([command.amount], digits);
      const total = totalOf(edited.lines, digits);
      edited.balance = sumTexts([edited.balance, total, plainText(-scaled(edited.total))], digits);
      edited.total = total;
      store.put(edited);
      break;
    }
    case "rename-reference":
      store.put({ ...transactionOf(command.number, books), crossReference: command.crossReference });
      break;
  }
  return {};
}

function transactionOf(number: string, { store }: Books): Transaction {
  const found = store.all("transaction").find((each) => each.number === number);
  if (found === undefined) throw new RangeError(`no transaction ${number}`);
  return found;
}
