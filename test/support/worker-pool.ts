/**
 * A pool of real worker processes, with what it logged.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Logger, RequestCounts } from "../../src/observe/mod.ts";
import { FAKE_CERTIFICATE, makeSelfSigned } from "../../src/proxy/mod.ts";
import { runtime } from "../../src/runtime/mod.ts";
import { applyUpdate, type Snapshot, type SnapshotUpdate } from "../../src/snapshot/mod.ts";
import { WorkerPool, type WorkerPoolOptions } from "../../src/worker/mod.ts";
import { ask, type Told } from "./sallyport.ts";

const ENTRY = fileURLToPath(new URL("../../src/cli/worker-entry.ts", import.meta.url));

/** A pool under test; take it with `await using`, so that its processes end with the test. */
export class Workers {
  readonly lines: string[] = [];
  accessLog = "";
  readonly counts: RequestCounts[] = [];
  readonly pool: WorkerPool;
  #snapshot: Snapshot | null = null;
  #wake: () => void = () => {};

  constructor(options: Partial<WorkerPoolOptions> = {}) {
    const log = (level: string): Logger["info"] => (message, fields) => {
      this.lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
      this.#wake();
    };
    this.pool = new WorkerPool({
      count: 2,
      command: [...runtime().selfCommand(ENTRY), "--log-level=warning"],
      logger: { debug: log("debug"), info: log("info"), warning: log("warning"), error: log("error") },
      selfSigned: () => makeSelfSigned(FAKE_CERTIFICATE),
      metrics: null,
      accessLog: async (bytes) => {
        this.accessLog += Buffer.from(bytes).toString();
        this.#wake();
      },
      ...options,
    });
  }

  /** What the pool is to serve, whether or not it does. */
  async apply(update: SnapshotUpdate): Promise<void> {
    const target = applyUpdate(this.#snapshot, update);
    await this.pool.apply(update, target);
    this.#snapshot = target;
  }

  async listen(): Promise<void> {
    await this.pool.listen();
  }

  get(host: string, path = "/"): Promise<Told> {
    return ask(this.pool.ports.http, path, { host });
  }

  /** Statuses of so many requests, each on a connection of its own: the kernel deals them out to all workers. */
  async statuses(host: string, count = 24): Promise<number[]> {
    const told = await Promise.all(Array.from({ length: count }, () => this.get(host)));
    return [...new Set(told.map(({ status }) => status))];
  }

  /** Resolves when `wanted` holds; looked at after each line of either log. */
  async until(wanted: () => boolean): Promise<void> {
    while (!wanted()) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  /** Resolves when so many lines have been logged that contain `text`. */
  async logged(text: string, times = 1): Promise<void> {
    await this.until(() => this.lines.filter((line) => line.includes(text)).length >= times);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.pool.kill();
  }
}

/** Does the process run? Linux only. One that has ended, but whose parent has not looked yet, does not. */
export function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}
