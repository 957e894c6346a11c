import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RunnerWorldOptions } from "../../posting/runner-world.ts";
import { SIMULATED_ERPS } from "../simulated/all.ts";
import type { ErpAbilities, SimulatedErpKind } from "../simulated-erp.ts";
import { ConformanceWorld } from "./conformance-world.ts";

/** What an ERP lacks where a case is left out. */
const LACKS: Readonly<Record<keyof ErpAbilities, string>> = {
  credentials: "it has no credentials",
  tokens: "it gives no tokens",
  periods: "it knows no posting periods",
  itemChecks: "it takes whatever item is named",
  payments: "it does not tell what is paid",
  readBack: "it can't be read back",
  lookUp: "it can't be asked for a document",
  throttling: "it never has enough",
  accepts: "it works on no document by itself",
};

export interface ConformanceCase {
  readonly name: string;
  /** Abilities without which it makes no sense. */
  readonly needs?: readonly (keyof ErpAbilities)[];
  readonly options?: RunnerWorldOptions;
  /** @param again gives another world of the same kind, with an ERP that has nothing yet */
  readonly run: (world: ConformanceWorld, again: () => Promise<ConformanceWorld>) => Promise<void>;
}

/** Runs the cases against every simulated ERP; those that one can't have are named with the reason. */
export async function describeEachErp(title: string, cases: readonly ConformanceCase[]): Promise<void> {
  for (const kind of SIMULATED_ERPS) {
    const abilities = await abilitiesOf(kind);
    describe(`${title}: ${kind.connection}`, () => {
      for (const { name, needs = [], options, run } of cases) {
        const lacks = needs.filter((ability) => abilities[ability] !== true);
        if (lacks.length === 0) runsCase(name, kind, run, options);
        else isLeftOut(name, lacks.map((ability) => LACKS[ability]).join(", "), kind);
      }
    });
  }
}

function runsCase(
  name: string,
  kind: SimulatedErpKind,
  run: ConformanceCase["run"],
  options: RunnerWorldOptions = {},
): void {
  test(`${kind.connection}: ${name}`, async () => {
    expect.hasAssertions();
    const begin = async (): Promise<ConformanceWorld> => {
      const world = await ConformanceWorld.start(kind, options);
      onTestFinished(() => world.close());
      return world;
    };
    await run(await begin(), begin);
  });
}

/** What an ERP says of itself is what its adapter says: so nothing is left out by mistake. */
function isLeftOut(name: string, why: string, kind: SimulatedErpKind): void {
  test(`left out, since ${why}: ${name}`, async () => {
    const world = await ConformanceWorld.start(kind);
    onTestFinished(() => world.close());
    const { lookUp, readBack } = world.erp.abilities;
    const { canLookUp, canReadBack } = world.description;
    expect([lookUp, readBack]).toEqual([canLookUp, canReadBack]);
  });
}

async function abilitiesOf(kind: SimulatedErpKind): Promise<ErpAbilities> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-abilities-"));
  try {
    const erp = await kind.start({ folder, seed: 1 });
    await erp.close();
    return erp.abilities;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
