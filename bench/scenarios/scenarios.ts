import { accountGrowth } from "./account-growth.ts";
import { cellMemory } from "./cell-memory.ts";
import { erpDrain } from "./erp-drain.ts";
import { failover } from "./failover.ts";
import { fleet } from "./fleet.ts";
import { keyGrowth } from "./key-growth.ts";
import { liveLoad } from "./live-load.ts";
import { monthEnd } from "./month-end.ts";
import { rating } from "./rating.ts";
import { recovery } from "./recovery.ts";
import { scaleOut } from "./scale-out.ts";
import { sealedKeys } from "./sealed-keys.ts";
import type { Scenario } from "./scenario.ts";
import { THROUGHPUT_SCENARIOS } from "./throughput-scenarios.ts";

/** All scenarios in the order in which they run: short ones first, the one that takes longest last. */
export const SCENARIOS: readonly Scenario[] = [
  cellMemory,
  sealedKeys,
  rating,
  ...THROUGHPUT_SCENARIOS,
  liveLoad,
  recovery,
  scaleOut,
  fleet,
  failover,
  monthEnd,
  erpDrain,
  accountGrowth,
  keyGrowth,
];
