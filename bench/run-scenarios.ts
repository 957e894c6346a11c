import { messageOf } from "../src/model/errors.ts";
import { WrongResult } from "./harness/sums.ts";
import type { BenchReport } from "./report/report.ts";
import type { Scenario, ScenarioContext, ScenarioResult } from "./scenarios/scenario.ts";

export interface ScenarioRuns {
  /** Names of the scenarios that ran to their end. */
  readonly done: readonly string[];
  readonly results: readonly ScenarioResult[];
  readonly failures: BenchReport["failures"];
  /** Whether one of the failures is a wrong result. */
  readonly hasWrongResult: boolean;
}

const KEEP_ALIVE_INTERVAL_MS = 1_000;

/** Runs scenarios one after the other; one that fails is reported by name, and the others still run. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  context: ScenarioContext,
): Promise<ScenarioRuns> {
  // What a scenario waits for may be nothing that keeps a process alive, such as the end of an idle thread.
  const alive = setInterval(() => undefined, KEEP_ALIVE_INTERVAL_MS);
  try {
    return await runEach(scenarios, context);
  } finally {
    clearInterval(alive);
  }
}

async function runEach(scenarios: readonly Scenario[], context: ScenarioContext): Promise<ScenarioRuns> {
  const done: string[] = [];
  const results: ScenarioResult[] = [];
  const failures: { scenario: string; message: string }[] = [];
  let hasWrongResult = false;
  for (const [index, scenario] of scenarios.entries()) {
    const startedMs = performance.now();
    context.onProgress(`scenario ${index + 1} of ${scenarios.length}: ${scenario.name}`);
    try {
      results.push(await scenario.run(context));
      done.push(scenario.name);
      const seconds = (performance.now() - startedMs) / 1_000;
      context.onProgress(`${scenario.name}: done in ${seconds.toFixed(0)} s`);
    } catch (error) {
      hasWrongResult ||= error instanceof WrongResult;
      const message = `${error instanceof WrongResult ? "wrong result: " : ""}${messageOf(error)}`;
      failures.push({ scenario: scenario.name, message });
      context.onProgress(`${scenario.name} failed: ${message}`);
    }
  }
  return { done, results, failures, hasWrongResult };
}
