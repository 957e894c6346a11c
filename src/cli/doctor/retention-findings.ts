import type { StreamNeed } from "../../ingest/jetstream/broker-facts.ts";
import { durationText } from "../../model/duration.ts";
import { retentionAlarm, retentionMargin, type RetentionMargin } from "../../pipeline/retention-margin.ts";
import { byteSizeText } from "../config/byte-size.ts";
import { ok, type Finding } from "./finding.ts";

/** How near streams with limits are to removing what has to stay; `nowMs` is the wall clock. */
export function retentionFindings(needs: readonly StreamNeed[], nowMs: number): Finding[] {
  return needs.flatMap((need): Finding[] => {
    // One look tells no rate.
    const margin = retentionMargin({ ...need, nowMs, arrivalsPerSecond: undefined });
    if (margin === undefined) return [];
    const seen = marginText(margin);
    const alarm = retentionAlarm(margin);
    if (alarm === undefined) return [ok("retention-margin", seen, [margin.stream])];
    return [
      {
        severity: alarm,
        check: "retention-margin",
        of: [margin.stream],
        seen,
        why: "At the limit the stream removes messages that have to stay: usage that is not committed yet, or decisions without which no state can be rebuilt.",
        action: "Raise the limit now (`nats stream edit`); then see why the partition does not catch up.",
      },
    ];
  });
}

function marginText({ usedRatio, seconds, messages, bytes }: RetentionMargin): string {
  const left = [
    ...(seconds === undefined ? [] : [durationText(Math.floor(seconds) * 1_000)]),
    ...(messages === undefined ? [] : [`${messages} messages`]),
    ...(bytes === undefined ? [] : [byteSizeText(bytes)]),
  ];
  return `${Math.floor(usedRatio * 100)} % of a limit is taken by what has to stay; left: ${left.join(", ")}`;
}
