export type Severity = "ok" | "warn" | "critical";

/** One thing that was looked at. */
export interface Finding {
  readonly severity: Severity;
  /** Name of the check: stable, for scripts. */
  readonly check: string;
  /** Streams, partitions or servers that it is about; empty for the whole set-up. */
  readonly of: readonly string[];
  readonly seen: string;
  /** Why it matters; "" where all is well. */
  readonly why: string;
  /** What to do about it; "" where there is nothing to do. */
  readonly action: string;
}

const ORDER: Readonly<Record<Severity, number>> = { critical: 0, warn: 1, ok: 2 };

export function ok(check: string, seen: string, of: readonly string[] = []): Finding {
  return { severity: "ok", check, of, seen, why: "", action: "" };
}

/** Findings that say the same of several streams become one; the worst come first. */
export function gather(findings: readonly Finding[]): Finding[] {
  const merged = new Map<string, Finding>();
  for (const finding of findings) {
    const key = [finding.severity, finding.check, finding.seen, finding.why, finding.action].join("\u0000");
    const before = merged.get(key);
    merged.set(key, before === undefined ? finding : { ...before, of: [...before.of, ...finding.of] });
  }
  return [...merged.values()].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}
