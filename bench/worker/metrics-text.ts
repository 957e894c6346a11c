/** Reads figures from the text that a worker's admin port serves at `/metrics`. */

/** Sum of a metric over its labels; 0 where it is absent. */
export function sumOfMetric(metrics: string, name: string): number {
  return samplesOf(metrics, name).reduce((total, { value }) => total + value, 0);
}

/** A metric's value under one label, such as `quantile="0.99"`; 0 where it is absent. */
export function metricLabelled(metrics: string, name: string, label: string): number {
  return samplesOf(metrics, name).find(({ labels }) => labels.includes(label))?.value ?? 0;
}

/** Events that the worker has committed since its start. */
export function committedEvents(metrics: string): number {
  return sumOfMetric(metrics, "tributary_events_total");
}

function samplesOf(metrics: string, name: string): { readonly labels: string; readonly value: number }[] {
  const samples = metrics.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)$`, "gmu"));
  return Array.from(samples, ([, labels = "", value]) => ({ labels, value: Number(value) }));
}
