/** What every ERP's simulator can be started with. */
export interface SimulatorOptions {
  /** How long each request takes. */
  readonly latencyMs?: number;
  /** Of the chances that faults befall requests with. */
  readonly seed?: number;
  /** Milliseconds since the epoch. */
  readonly nowMs?: () => number;
  readonly stateFile?: string;
  readonly port?: number;
  readonly controlToken?: string;
}
