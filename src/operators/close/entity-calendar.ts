import type { SignedOffPeriod } from "./closed-periods.ts";

/** Calendar days [from, to), YYYY-MM-DD. */
interface Days {
  readonly from: string;
  readonly to: string;
}

export interface PeriodFault {
  readonly refusal: "period-closed" | "period-gap" | "not-signed-off" | "later-signed-off";
  readonly message: string;
}

/**
 * The open and closed days of a legal entity: all days up to the end of the last sign-off are closed, but for those of
 * periods that were opened again and not signed off since.
 */
export class EntityCalendar {
  /** In effect, by their days. They follow one another without a gap, but for the periods that are open again. */
  #signedOff: SignedOffPeriod[] = [];
  /** Opened again and not signed off since, by their days. Those behind the last sign-off are open anyway. */
  #reopened: Days[] = [];

  signedOff(): readonly SignedOffPeriod[] {
    return this.#signedOff;
  }

  signOff(period: SignedOffPeriod): void {
    this.#signedOff = [...this.#signedOff, period].sort(byDays);
    this.#reopened = this.#reopened.filter(({ from }) => from < period.from || from >= period.to);
  }

  reopen({ from, to }: Days): void {
    this.#signedOff = this.#signedOff.filter((period) => period.from !== from);
    this.#reopened = [...this.#reopened, { from, to }].sort(byDays);
  }

  /** The sign-off by which all of these days are closed; undefined where one of them is open. */
  signOffOf({ from, to }: Days): SignedOffPeriod | undefined {
    if (this.#reopened.some((days) => days.from < to && from < days.to)) return undefined;
    return this.#signedOff.find((period) => period.to >= to);
  }

  /** The day itself where it is open, else the first open day behind it. */
  openDay(day: string): string {
    const closedUpTo = this.#closedUpTo;
    if (closedUpTo === undefined || day >= closedUpTo) return day;
    const open = this.#reopened.find(({ to }) => day < to);
    if (open === undefined) return closedUpTo;
    return day < open.from ? open.from : day;
  }

  signOffFault({ from, to }: Days): PeriodFault | undefined {
    const closedUpTo = this.#closedUpTo;
    // Where nothing is signed off any more, what was opened last comes first.
    const nextDay = closedUpTo ?? this.#reopened[0]?.from;
    if (nextDay === undefined || nextDay === from) return undefined;
    if (nextDay < from)
      return { refusal: "period-gap", message: `the days from ${nextDay} on are not signed off yet` };
    const open = this.#reopened.find((days) => days.from < to && from < days.to);
    if (open === undefined)
      return { refusal: "period-closed", message: `signed off up to ${nextDay} already` };
    return open.from === from && open.to === to
      ? undefined
      : {
          refusal: "period-closed",
          message: `of these days those from ${open.from} to ${open.to} are open again: sign them off as one period`,
        };
  }

  reopenFault({ from, to }: Days, override: boolean): PeriodFault | undefined {
    if (!this.#signedOff.some((period) => period.from === from && period.to === to))
      return {
        refusal: "not-signed-off",
        message: `no sign-off of the days from ${from} to ${to} is in effect`,
      };
    const closedUpTo = this.#closedUpTo ?? "";
    return to === closedUpTo || override
      ? undefined
      : {
          refusal: "later-signed-off",
          message: `later days are signed off up to ${closedUpTo}, and the request overrides nothing`,
        };
  }

  /** First day behind all sign-offs; undefined where none is in effect. */
  get #closedUpTo(): string | undefined {
    return this.#signedOff.at(-1)?.to;
  }
}

function byDays(a: Days, b: Days): number {
  return a.from < b.from ? -1 : a.from > b.from ? 1 : 0;
}
