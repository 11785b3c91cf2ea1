/**
 * The programs of the benchmark: started, waited for, ended.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import process from "node:process";
import type { PeerCommand } from "./workload.ts";

const children = new Set<ChildProcess>();

export interface Started {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Everything started ends with this program. @param log file that its error output is added to */
export function start({ command, stdout }: PeerCommand, log: string): Started {
  const [program = "", ...args] = command;
  const files = [openSync(stdout ?? "/dev/null", "w"), openSync(log, "a")] as const;
  // A group of its own, so that what it starts can be ended with it: nginx's workers outlive a killed master.
  const child = spawn(program, args, { stdio: ["ignore", ...files], detached: true });
  for (const file of files) closeSync(file);
  children.add(child);
  const ended = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      console.error(`bench: cannot start ${program}: ${error.message}`);
      resolve();
    });
    child.on("close", () => resolve());
  }).then(() => void children.delete(child));
  return {
    pid: child.pid ?? -1,
    stop: () => {
      child.kill("SIGTERM");
      const hard = setTimeout(() => killGroup(child), 3000);
      return ended.finally(() => clearTimeout(hard));
    },
  };
}

export async function stopAll(): Promise<void> {
  for (const child of children) child.kill("SIGTERM");
  await Promise.all([...children].map((child) => new Promise<void>((resolve) => child.once("close", () => resolve()))));
}

process.on("exit", () => {
  for (const child of children) killGroup(child);
});
process.on("uncaughtException", (error) => {
  console.error(`bench: ${error.message}`);
  process.exit(1);
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // all gone
  }
}

/**
 * The first of so many ports in a row on which nothing listens. Several runs on one machine must not meet: haproxy and
 * nginx can share a port without a word, and each would do half of the work.
 */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const first = 11_000 + 100 * Math.floor(Math.random() * 200);
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
  throw new Error("no free ports found");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Status and body, or `null` when there is no answer. */
export function ask(port: number, path: string, host = "127.0.0.1"): Promise<{ status: number; body: string } | null> {
  return new Promise((resolve) => {
    const request = get(
      { host: "127.0.0.1", port, path, headers: { host }, agent: false, timeout: 2000 },
      (response) => {
        let body = "";
        response.setEncoding("latin1");
        response.on("data", (text: string) => body += text);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", () => resolve(null));
      },
    );
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(null));
  });
}

/** Asks until the status comes; the milliseconds it took. Throws after `limitMs`. */
export async function until(
  port: number,
  path: string,
  host: string,
  status: number,
  limitMs: number,
): Promise<number> {
  const start = performance.now();
  for (;;) {
    const answer = await ask(port, path, host);
    const elapsed = performance.now() - start;
    if (answer?.status === status) return elapsed;
    if (elapsed > limitMs) {
      throw new Error(
        `no ${status} for ${host}${path} on port ${port} after ${limitMs} ms, but ${answer?.status ?? "nothing"}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
