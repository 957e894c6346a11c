// @ts-check

/**
 * @typedef {object} LongSuite
 * @property {readonly string[]} files test files or folders
 * @property {Readonly<Record<string, string>>} env what makes them run long
 */

/**
 * Suites whose short form runs with `npm test`: the same assertions on many more crashes, logs or events. Each takes some
 * minutes up to half an hour on two cores.
 * @type {Readonly<Record<string, LongSuite>>}
 */
export const LONG_SUITES = {
  kills: {
    files: ["test/integration/worker/random-kills.test.ts"],
    env: { TRIBUTARY_KILLS: "1000" },
  },
  failpoints: {
    files: ["test/integration/worker/failpoints.test.ts"],
    env: { TRIBUTARY_FAILPOINT_VISITS: "1,2,3,4" },
  },
  "posting-failpoints": {
    files: ["test/integration/erp/posting-failpoints.test.ts"],
    env: { TRIBUTARY_POSTING_FAILPOINT_VISITS: "1,2,3" },
  },
  ownership: {
    files: ["test/unit/fleet/ownership.test.ts"],
    env: { OWNERSHIP_SCHEDULES: "10000" },
  },
  leases: {
    files: ["test/unit/fleet/partition-ownership.test.ts"],
    env: { TRIBUTARY_SCHEDULES: "20000" },
  },
  "month-end": {
    files: ["test/integration/worker/month-end.test.ts"],
    env: { TRIBUTARY_MONTH_END_KILLS: "100" },
  },
  "fault-mix": {
    files: ["test/integration/erp/fault-mix.test.ts"],
    env: { TRIBUTARY_ERP_DOCUMENTS: "1000", TRIBUTARY_ERPS: process.env["TRIBUTARY_ERPS"] ?? "all" },
  },
  "runner-fleet": {
    files: ["test/integration/erp/runner-fleet.test.ts"],
    env: {
      TRIBUTARY_FLEET_CONTRACTS: "300",
      TRIBUTARY_FLEET_DISTURBANCES: "8",
      TRIBUTARY_FLEET_SHARE: "0.95",
    },
  },
  regions: {
    files: ["test/integration/regions/failover.test.ts"],
    env: { TRIBUTARY_REGION_EVENTS: "2000", TRIBUTARY_REGION_ROUNDS: "10" },
  },
  cluster: { files: ["test/long/cluster.test.ts"], env: {} },
  "in-flight": { files: ["test/long/in-flight.test.ts"], env: {} },
  "broker-full": { files: ["test/long/broker-full.test.ts"], env: {} },
  bench: { files: ["test/long/bench-scenarios.test.ts"], env: {} },
  backlog: {
    files: ["test/measurements/backlog-memory.test.ts"],
    env: { TRIBUTARY_BACKLOG_EVENTS: "20000000" },
  },
  "business-central": {
    files: ["test/integration/erp/business-central/random-faults.test.ts"],
    env: { BUSINESS_CENTRAL_FAULT_SEEDS: "100" },
  },
  "finance-operations": {
    files: ["test/integration/erp/finance-operations/random-faults.test.ts"],
    env: { FINANCE_OPERATIONS_FAULT_SEEDS: "300" },
  },
  netsuite: {
    files: ["test/integration/erp/netsuite/random-faults.test.ts"],
    env: { NETSUITE_FAULT_SEEDS: "300" },
  },
  repartition: {
    files: ["test/integration/worker/repartition.test.ts"],
    env: { REPARTITION_CRASHES: "all" },
  },
  properties: {
    files: [
      "test/unit/pipeline",
      "test/unit/invoices",
      "test/unit/close",
      "test/unit/tax",
      "test/unit/posting",
      "test/unit/commands",
      "test/unit/watch",
      "test/unit/operators/window",
      "test/unit/operators/deduplicate",
    ],
    env: {
      ENGINE_PROPERTY_RUNS: "5000",
      BILLING_PROPERTY_RUNS: "2000",
      CLOSE_PROPERTY_RUNS: "500",
      TAX_PROPERTY_RUNS: "500",
      POSTING_PROPERTY_RUNS: "2000",
      REPARTITION_PROPERTY_RUNS: "500",
      WATCH_PROPERTY_RUNS: "3000",
      TABLE_PROPERTY_RUNS: "3000",
    },
  },
};
