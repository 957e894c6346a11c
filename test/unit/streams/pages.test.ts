import { parse } from "yaml";
import { z } from "zod";
import { expect, test } from "vitest";
import { describeMetrics } from "../../../scripts/docs/metric-list.ts";
import { consumerName, usageStream } from "../../../src/ingest/jetstream/names.ts";
import { ERRORS } from "../../../src/model/errors.ts";
import { WorkerMetrics } from "../../../src/ops/metrics.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { readProjectFile } from "../../support/project-files.ts";

const scaledObjectSchema = z.object({
  kind: z.literal("ScaledObject"),
  spec: z.object({
    triggers: z.array(
      z.object({
        type: z.literal("nats-jetstream"),
        metadata: z.object({
          natsServerMonitoringEndpoint: z.string(),
          account: z.string(),
          stream: z.string(),
          consumer: z.string(),
          lagThreshold: z.string(),
          activationLagThreshold: z.string(),
        }),
      }),
    ),
  }),
});

test("the scaled object names the stream and consumer of a partition", () => {
  const [, yaml = ""] =
    /<!-- scaled-object -->\s*```yaml\n([^]*?)```/.exec(readProjectFile("docs/autoscaling.md")) ?? [];
  const { triggers } = scaledObjectSchema.parse(parse(yaml)).spec;
  expect(triggers.map(({ metadata: { stream, consumer } }) => [stream, consumer])).toEqual([
    [usageStream(0), consumerName(0)],
  ]);
});

test("metrics and codes that the pages name exist", () => {
  const metrics = new WorkerMetrics({ clock: new ManualClock(), processMetrics: false });
  const names = new Set(describeMetrics(metrics.registry).map(({ name }) => name));
  metrics.close();
  for (const page of ["docs/regions.md", "docs/broker-trouble.md", "docs/autoscaling.md"]) {
    const named = readProjectFile(page).match(/tributary_[a-z_]+/g) ?? [];
    // A name that ends with an underscore stands for all that begin with it.
    const unknown = named.filter((name) =>
      name.endsWith("_") ? ![...names].some((known) => known.startsWith(name)) : !names.has(name),
    );
    expect([page, unknown]).toEqual([page, []]);
  }
  const codes =
    readProjectFile("docs/broker-trouble.md").match(/(?<=\| |, )`[a-z]+(-[a-z]+)+`(?=[ ,])/g) ?? [];
  expect(codes.length).toBeGreaterThan(8);
  expect(codes.map((code) => code.slice(1, -1)).filter((code) => !(code in ERRORS))).toEqual([]);
});
