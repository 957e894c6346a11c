// @ts-check
/**
 * Loaded before a worker's own code (`--import`), in each of its threads: its wall clock is off by what a file says, which may change at any time,
 * also backwards. Timers and the monotonic clock are the machine's, as with a clock that is set.
 */
import { readFileSync } from "node:fs";

const LOOK_MS = 50;
const file = process.env["TRIBUTARY_CHAOS_CLOCK"] ?? "";
const MachineDate = Date;
const machineNow = MachineDate.now.bind(MachineDate);
let offsetMs = 0;

function look() {
  try {
    const read = Number(readFileSync(file, "utf8"));
    if (Number.isFinite(read)) offsetMs = read;
  } catch {
    // No file: the clock is right.
    offsetMs = 0;
  }
}

if (file !== "") {
  look();
  setInterval(look, LOOK_MS).unref();
  globalThis.Date = new Proxy(MachineDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [machineNow() + offsetMs] : args, newTarget),
    get: (target, property, receiver) =>
      property === "now" ? () => machineNow() + offsetMs : Reflect.get(target, property, receiver),
  });
}
