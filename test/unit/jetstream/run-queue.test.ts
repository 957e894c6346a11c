import { fc } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { RunQueue } from "../../../src/ingest/jetstream/run-queue.ts";

const encoder = new TextEncoder();

it("gives every message once, in order, with the reply of the run's last, whether it runs empty or not", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.record({ bytes: fc.integer({ min: 0, max: 60 }) }), fc.constant("take" as const)),
        {
          maxLength: 200,
        },
      ),
      (steps) => {
        const queue = new RunQueue({ maxMessages: 5, maxBytes: 100 });
        let pushed = 0;
        let taken = 0;
        for (const step of steps) {
          if (step !== "take") {
            pushed += 1;
            const message = {
              sequence: pushed,
              subject: "usage.0.eu",
              contentType: "",
              arrivalMs: 0,
              data: new Uint8Array(step.bytes),
            };
            queue.push(message, encoder.encode(`reply-${pushed}`));
            continue;
          }
          if (queue.length === 0) continue;
          const { messages, lastReply } = queue.take();
          expect(messages.length).toBeGreaterThan(0);
          expect(messages.length).toBeLessThanOrEqual(5);
          for (const { sequence } of messages) expect(sequence).toBe((taken += 1));
          expect(lastReply).toBe(`reply-${taken}`);
          const bytes = messages.reduce((sum, { data }) => sum + data.length, 0);
          expect(messages.length === 1 || bytes <= 100).toBe(true);
          expect(queue.length).toBe(pushed - taken);
        }
      },
    ),
  );
});
