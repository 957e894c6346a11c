/** A region with a broker of its own, from which usage streams get the region's usage. */
export interface RegionalSource {
  /** One subject token. */
  readonly region: string;
  /** JetStream domain of the region's broker. */
  readonly domain: string;
}
