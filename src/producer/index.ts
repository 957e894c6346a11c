/** What `tributary/producer` exports: sending usage so that each event counts once (docs/producer.md). */
export type { BrokerConnection, BrokerOptions } from "../ingest/jetstream/connection.ts";
export type { ColumnarValue } from "../ingest/wire/columnar-encoder.ts";
export { codeOf, TributaryError, type ErrorCode } from "../model/errors.ts";
export type { UsageEvent } from "./events.ts";
export { Producer, type ProducerOptions } from "./producer.ts";
