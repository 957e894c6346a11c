/** Events of one partition and region that wait for their message. */
export class OpenBatch {
  readonly partition: number;
  readonly region: number;
  readonly id: Float64Array;
  readonly account: Uint32Array;
  readonly meter: Uint32Array;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  count = 0;

  constructor(partition: number, region: number, capacity: number) {
    this.partition = partition;
    this.region = region;
    this.id = new Float64Array(capacity);
    this.account = new Uint32Array(capacity);
    this.meter = new Uint32Array(capacity);
    this.timeMs = new Float64Array(capacity);
    this.value = new Float64Array(capacity);
  }

  get isFull(): boolean {
    return this.count === this.id.length;
  }
}
