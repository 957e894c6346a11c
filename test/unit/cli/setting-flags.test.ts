import { Command } from "commander";
import { describe, expect, it } from "vitest";
import {
  addConfigOption,
  addSettingOptions,
  readConfig,
  type ConfiguredOptions,
} from "../../../src/cli/configured.ts";
import { workerConfigKeys } from "../../../src/cli/config/config-keys.ts";

function configOf(...args: string[]): ReturnType<typeof readConfig> {
  const command = addSettingOptions(addConfigOption(new Command("run"))).exitOverride();
  command.parse(args, { from: "user" });
  return readConfig(command.opts<ConfiguredOptions>());
}

describe("settings as flags", () => {
  it("exist for every setting that is no secret", () => {
    const command = addSettingOptions(new Command("run"));
    const flags = command.options.map((option) => option.long);
    expect(flags).toEqual(workerConfigKeys().flatMap((key) => key.flag ?? []));
    expect(flags).not.toContain("--nats-password");
  });

  it("win over the defaults", () => {
    const config = configOf(
      "--state-dir",
      "s",
      "--catalog-dir",
      "c",
      "--checkpoint-interval",
      "250ms",
      "--nats-servers",
      "nats://127.0.0.1:1",
    );
    expect(config).toMatchObject({ stateDir: "s", catalogDir: "c", checkpointIntervalMs: 250 });
    expect(config.nats.servers).toEqual(["nats://127.0.0.1:1"]);
  });

  it("name the setting when their value does not fit", () => {
    expect(() => configOf("--state-dir", "s", "--catalog-dir", "c", "--idle-timeout", "soon")).toThrow(
      /idle_timeout/,
    );
  });
});
