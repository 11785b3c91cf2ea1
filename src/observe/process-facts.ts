/**
 * Facts about this process, from /proc where it exists.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";

/** Soft limit of open files; `undefined` where it is unknown. */
export function openFileLimit(): number | undefined {
  const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFile("/proc/self/limits"));
  if (line === null) return undefined;
  return line[1] === "unlimited" ? Infinity : Number(line[1]);
}

/** Number of open file descriptors; `undefined` where it is unknown. */
export function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}

/** Bytes of virtual memory; `undefined` where it is unknown. */
export function virtualBytes(): number | undefined {
  const line = /^VmSize:\s+(\d+) kB/m.exec(readFile("/proc/self/status"));
  return line === null ? undefined : Number(line[1]) * 1024;
}

/**
 * Number of processors that this process may use: those of its CPU affinity, or fewer when its cgroup has a limit
 * (`cpu.max`, rounded up). At least 1.
 *
 * @param read returns the text of a file, or an empty text when there is none
 */
export function availableCores(read: (file: string) => string = readFile): number {
  let cores = availableParallelism();
  for (const limit of cpuLimits(read)) cores = Math.min(cores, Math.ceil(limit));
  return Math.max(1, cores);
}

/** Limits of the cgroup and those above it, in processors. */
function* cpuLimits(read: (file: string) => string): Iterable<number> {
  const root = "/sys/fs/cgroup";
  // In a container the own cgroup is the root of the file system; elsewhere the path leads to it.
  const path = /^0::(\/.*)$/m.exec(read("/proc/self/cgroup"))?.[1] ?? "/";
  for (let folder = path.replace(/\/$/, "");; folder = folder.slice(0, folder.lastIndexOf("/"))) {
    const found = /^(\d+) (\d+)$/m.exec(read(`${root}${folder}/cpu.max`));
    if (found !== null && Number(found[2]) > 0) yield Number(found[1]) / Number(found[2]);
    if (folder === "") break;
  }
  // cgroup version 1
  const quota = Number(read(`${root}/cpu/cpu.cfs_quota_us`));
  const period = Number(read(`${root}/cpu/cpu.cfs_period_us`));
  if (quota > 0 && period > 0) yield quota / period;
}

/** Processor time used so far, user and system, seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Start of the process, seconds since the epoch. */
export function startedAtSeconds(): number {
  return Date.now() / 1000 - process.uptime();
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
