import type { z } from "zod";
import type { ErpDescription } from "../../model/erp-description.ts";
import type { ErpSink, ErpSinkEnvironment } from "./erp-sink.ts";

/**
 * A secret that a connection's settings give as text or as the name of a file. Undefined where neither is given, or where the file can't be read:
 * that has been noted as a fault of the setting then.
 */
export type SecretReader = (
  setting: string,
  value: string | undefined,
  file: string | undefined,
) => string | undefined;

/** Notes what is wrong with a setting, once secrets are known; never with the value. */
export type FaultNoter = (setting: string, message: string) => void;

/** A kind of ERP: what it needs, how a connection to it is configured, and how its sink is made. One a folder; `adapters.ts` lists them. */
export interface ErpAdapter {
  readonly description: ErpDescription;
  /** Settings of a connection in the worker's configuration, as they stand in the file; `writeOnly` marks a secret. */
  readonly settings: z.ZodObject;
  /**
   * Reads settings and their secrets; nothing is opened. Undefined where a fault was noted. Throws `ZodError` where the settings don't fit.
   */
  prepare(settings: unknown, secret: SecretReader, fault: FaultNoter): PreparedConnection | undefined;
}

/**
 * Loads the modules of a connection's sink and returns what makes it: they are not loaded with the adapter, since most commands and workers have
 * no connection, or one.
 */
export type PreparedConnection = () => Promise<MakeErpSink>;

/** Makes the sink of a connection, which opens it only when it is used. */
export type MakeErpSink = (environment: ErpSinkEnvironment) => ErpSink;

export function defineAdapter<Settings extends z.ZodObject>(
  description: ErpDescription,
  settings: Settings,
  prepare: (
    settings: z.output<Settings>,
    secret: SecretReader,
    fault: FaultNoter,
  ) => PreparedConnection | undefined,
): ErpAdapter {
  return {
    description,
    settings,
    prepare: (value, secret, fault) => prepare(settings.parse(value), secret, fault),
  };
}
