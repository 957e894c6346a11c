import type { RegionReport } from "../../ingest/jetstream/regional-streams.ts";
import { durationText } from "../../model/duration.ts";
import { isReachable, type RegionSource } from "../../model/stream-condition.ts";
import { ok, type Finding } from "./finding.ts";

/**
 * Regions that are taken in by brokers of their own: whether they answer, what waits there, and whether they keep it for
 * long enough and not too long.
 * @param sources of each partition's usage stream, as its leader knows them
 * @param horizonMs how long ids are remembered; 0 where that is not known
 */
export function regionFindings(
  regions: readonly RegionReport[],
  sources: ReadonlyMap<number, readonly RegionSource[]>,
  horizonMs: number,
): Finding[] {
  return regions.flatMap((region) => {
    const of = [region.stream];
    const own = [...sources.values()].flat().filter((source) => source.region === region.region);
    const waiting = own.reduce((sum, { lagMessages }) => sum + lagMessages, 0);
    const cutOff = own.filter((source) => !isReachable(source)).length;
    if (region.state === "unreachable" || (cutOff > 0 && region.state !== "missing"))
      return [
        {
          severity: "critical",
          check: "region-source",
          of,
          seen:
            region.state === "unreachable"
              ? `the region's broker does not answer (${region.reason})`
              : `${cutOff} partitions have no connection to the region`,
          why: "Its usage waits there: the watermark and the closing of periods wait with it.",
          action:
            "See to the region's broker and its leaf node connection; where a period can't wait, `tributary close watermark` closes it, and what comes later is billed as a correction.",
        } satisfies Finding,
      ];
    if (region.state === "missing")
      return [
        {
          severity: "critical",
          check: "region-source",
          of,
          seen: "the region's stream does not exist",
          why: "What producers publish in the region is refused.",
          action: "Start a worker, which makes it, or make it as docs/regions.md says.",
        } satisfies Finding,
      ];
    return [
      ok("region-source", `${waiting} messages wait in the region`, of),
      ...settingFindings(region, horizonMs),
    ];
  });
}

function settingFindings({ stream, settings }: RegionReport, horizonMs: number): Finding[] {
  const findings: Finding[] = [];
  if (settings === undefined) return findings;
  const { isAsExpected, maxAgeMs, removesForRoom } = settings;
  if (!isAsExpected)
    findings.push({
      severity: "critical",
      check: "region-stream",
      of: [stream],
      seen: "the stream has other subjects than its region's, or lets messages go before their age",
      why: "Usage of another region would move that one's watermark past what still waits there; usage that is let go is lost when it was not read yet.",
      action: "Change the stream back as docs/regions.md says.",
    });
  if (removesForRoom)
    findings.push({
      severity: "critical",
      check: "region-stream",
      of: [stream],
      seen: "a limit of size with discard policy `old`",
      why: "While the region is cut off, usage that nobody has read yet is removed without a sound.",
      action: "Set the discard policy to `new`, or remove the limit.",
    });
  if (maxAgeMs === undefined || (horizonMs > 0 && maxAgeMs >= horizonMs))
    findings.push({
      severity: "warn",
      check: "region-stream",
      of: [stream],
      seen:
        maxAgeMs === undefined
          ? "messages are kept for ever"
          : `messages are kept for ${durationText(maxAgeMs)}`,
      why: "Where a usage stream has lost what it has read, it reads the region from its start: messages older than the deduplication horizon would count twice.",
      action: "Keep messages for less than the catalog's `dedupe_horizon`.",
    });
  return findings;
}
