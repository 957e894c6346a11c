import { erpAdapter } from "../../../src/sinks/erp/adapters.ts";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { PostedConnection } from "./posted-month.ts";
import { SIMULATED_ERPS } from "./simulated/all.ts";
import type { MappingOptions, SimulatedErp, SimulatedFault } from "./simulated-erp.ts";

/** Shares of what goes wrong. */
const FAULTS: readonly (readonly [fault: SimulatedFault, rate: number])[] = [
  ["token-expiry", 0.01],
  ["throttle-storm", 0.005],
  ["lost-after-commit", 0.05],
  ["unavailable", 0.025],
  ["error-after-commit", 0.025],
  ["duplicate-delivery", 0.02],
];

/** Deadlines are short, since what is lost is waited for; the lease too, since workers are killed. */
const POSTING = {
  lease: "5s",
  first_poll: "300ms",
  recheck: "1s",
  payment_interval: "1h",
  scan_interval: "1h",
};

/** A simulated ERP behind its connection, with the permanent faults that were put there. */
export interface LandscapeErp {
  readonly key: string;
  readonly erp: SimulatedErp;
  /** Number of the invoice that is refused for good, where it can be. */
  readonly refused: string | undefined;
  /** See `SimulatedErpKind`. */
  readonly localJournalsOnly: boolean;
}

/** Simulated ERPs beside each other, all that there are unless some are named; each can be made to fail. */
export class ErpLandscape {
  readonly erps: readonly LandscapeErp[];

  private constructor(erps: readonly LandscapeErp[]) {
    this.erps = erps;
  }

  /** @param names keys of connections; undefined: all */
  static async start(
    folder: string,
    seed: number,
    names: readonly string[] | undefined,
  ): Promise<ErpLandscape> {
    const unknown =
      names?.filter((name) => SIMULATED_ERPS.every(({ connection }) => connection !== name)) ?? [];
    if (unknown.length > 0) throw new RangeError(`no simulated ERP ${unknown.join(", ")}`);
    const erps: LandscapeErp[] = [];
    for (const [index, kind] of SIMULATED_ERPS.entries()) {
      if (names?.includes(kind.connection) === false) continue;
      const own = join(folder, `erp-${kind.connection}`);
      mkdirSync(own);
      const erp = await kind.start({ folder: own, seed: seed + index });
      // One of each legal entity, in turns.
      const refused = erp.refuse === undefined ? undefined : `${index % 2 === 0 ? "N" : "S"}-000001`;
      erps.push({
        key: kind.connection,
        erp,
        refused,
        localJournalsOnly: kind.localJournalsOnly === true,
      });
    }
    return new ErpLandscape(erps);
  }

  async close(): Promise<void> {
    await Promise.all(this.erps.map(({ erp }) => erp.close()));
  }

  /** The connections as the catalog has them. */
  catalog(options: MappingOptions = {}): readonly PostedConnection[] {
    return this.erps.map(({ key, erp }) => ({ key, adapter: erp.adapter, mapping: erp.mapping(options) }));
  }

  /** How a worker reaches them. */
  settings(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      this.erps.map(({ key, erp }) => [key, { ...erp.settings(), posting: POSTING }]),
    );
  }

  get secrets(): readonly string[] {
    return this.erps.flatMap(({ erp }) => erp.secrets);
  }

  get secretFiles(): readonly string[] {
    return this.erps.flatMap(({ erp }) => erp.secretFiles);
  }

  /** Requests go wrong from now on, so that another try mends it. */
  beginPassingFaults(): void {
    for (const { erp } of this.erps) {
      const { tokens, throttling } = erp.abilities;
      for (const [fault, rate] of FAULTS)
        if ((fault !== "token-expiry" || tokens) && (fault !== "throttle-storm" || throttling))
          erp.fault(fault, { rate });
    }
  }

  /** What `beginPassingFaults` began is over. */
  endPassingFaults(): void {
    for (const { erp } of this.erps) erp.clearFaults();
  }

  /**
   * Requests go wrong from now on, and some documents can't be posted: those with a certain item, and one invoice that is refused or, where an
   * ERP refuses none by itself but reverses journals, the accruals of a closed month.
   */
  beginFaults(closedMonth: string): void {
    this.beginPassingFaults();
    for (const { erp, refused } of this.erps) {
      const { itemChecks, periods } = erp.abilities;
      if (itemChecks) erp.blockRareItem();
      // Where reversals are journals of their own they would wait behind accruals that are held.
      const reverses = erpAdapter(erp.adapter)?.description.reversesJournals === true;
      if (refused !== undefined) erp.refuse?.(refused);
      else if (periods && reverses) erp.closePeriod(closedMonth);
    }
  }

  /** What was refused is taken from now on, and nothing fails any more; a certain item stays as it is. */
  endFaults(closedMonth: string): void {
    for (const { erp } of this.erps) {
      erp.clearFaults();
      erp.acceptRefused?.();
      if (erp.abilities.periods) erp.openPeriod(closedMonth);
    }
  }
}
