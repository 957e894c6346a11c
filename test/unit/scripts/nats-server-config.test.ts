import { expect, it } from "vitest";
import { fillTemplate, natsServerConfig } from "../../../scripts/nats-server/config.mjs";

it("fills the broker's configuration, and refuses a template that lacks a value or has it twice", () => {
  const config = natsServerConfig({
    host: "127.0.0.1",
    port: -1,
    monitorPort: -1,
    storeDirectory: 'a "quoted" folder',
    partitionCount: 5,
    maxPayloadBytes: 1024,
    syncInterval: "1m",
    portsFileDirectory: "ports",
  });
  expect(config).toContain('"usage.in.*.*": "usage.{{partition(5,1)}}.{{wildcard(2)}}"');
  expect(config).toContain('store_dir: "a \\"quoted\\" folder"');
  expect(() => fillTemplate("port: 1\n", { host: "x" })).toThrow("must set host once, not 0 times");
  expect(() => fillTemplate("port: 1\n  port: 2\n", { port: 3 })).toThrow("must set port once, not 2 times");
});
