/**
 * What the system knows about this process, from /proc where there is one.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Soft limit of open files; `undefined` where the system does not tell. */
export function openFileLimit(): number | undefined {
  const line = /^Max open files\s+(\d+|unlimited)/m.exec(readProc("/proc/self/limits"));
  if (line === null) return undefined;
  return line[1] === "unlimited" ? Infinity : Number(line[1]);
}

/** Open file descriptors; `undefined` where the system does not tell. */
export function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}

/** Bytes of virtual memory; `undefined` where the system does not tell. */
export function virtualBytes(): number | undefined {
  const line = /^VmSize:\s+(\d+) kB/m.exec(readProc("/proc/self/status"));
  return line === null ? undefined : Number(line[1]) * 1024;
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

function readProc(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
