import { readFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second (USER_HZ), whatever the kernel's own tick is. */
const TICKS_A_SECOND = 100;
/** Fields of /proc/<pid>/stat behind the command's name: utime and stime. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** User and system time of a process so far. */
export function processCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command's name stands in brackets and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_A_SECOND;
}

/** The most memory that a process has had resident. */
export function processPeakRssBytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes ?? 0) * 1_024;
}
