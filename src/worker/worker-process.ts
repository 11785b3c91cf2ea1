/**
 * One worker process as the control process sees it.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { DataPlaneCounters, ListenOptions } from "../proxy/mod.ts";
import type { SnapshotUpdate } from "../snapshot/mod.ts";
import type { FromWorker, ToWorker } from "./message.ts";

/** Takes what happens to a worker. */
export interface WorkerEvents {
  /** Access log bytes, as they were written. */
  readonly log: (bytes: Uint8Array) => void;
  readonly counters: (counters: DataPlaneCounters) => void;
  /** The process is gone; `expected` after {@link WorkerProcess.close}. */
  readonly exit: (how: string, expected: boolean) => void;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** The worker could not listen, or was gone before it did. `code` as Node has it, e.g. `EADDRINUSE`. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/** A running process. Every promise ends when the process does. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #events: WorkerEvents;
  readonly #applying = new Map<number, Waiter<void>>();
  #listening: Waiter<{ http: number; https: number }> | undefined;
  #closing: (() => void) | undefined;
  #exited = false;

  constructor(command: readonly string[], events: WorkerEvents) {
    this.#events = events;
    const [program, ...args] = command as [string, ...string[]];
    this.#child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
    this.#child.on("message", (message) => this.#receive(message as FromWorker));
    this.#child.stdout!.on("data", (bytes: Uint8Array) => events.log(bytes));
    // "close" comes when the standard output has been read to its end, so no log line is lost.
    this.#child.once("close", (code, signal) => this.#gone(signal ?? `status ${code}`));
    this.#child.once("error", (error) => {
      if (this.#child.pid === undefined) this.#gone(error.message);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Access log output is read (or not, while its reader is slow). */
  set reading(reading: boolean) {
    if (reading) this.#child.stdout!.resume();
    else this.#child.stdout!.pause();
  }

  /** Resolves when the worker serves the update; rejects when it refused it. A worker that dies resolves: its successor gets everything. */
  apply(serial: number, update: SnapshotUpdate): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#exited) return resolve();
      this.#applying.set(serial, { resolve, reject });
      this.#send({ kind: "apply", serial, update });
    });
  }

  /** Resolves with the ports. */
  listen(options: ListenOptions): Promise<{ http: number; https: number }> {
    return new Promise((resolve, reject) => {
      if (this.#exited) return reject(new ListenError("", "the worker process is gone"));
      this.#listening = { resolve, reject };
      this.#send({ kind: "listen", options });
    });
  }

  /** Lets requests in flight end for `graceMs`, then ends the process; resolves when it is gone. */
  close(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#exited) return resolve();
      this.#closing = resolve;
      this.#send({ kind: "close", graceMs });
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #send(message: ToWorker): void {
    // A failing channel is followed by the exit of the process, which ends whoever waits.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case "started":
        return;
      case "applied":
      case "refused": {
        const waiter = this.#applying.get(message.serial);
        this.#applying.delete(message.serial);
        if (message.kind === "applied") waiter?.resolve();
        else waiter?.reject(new Error(`worker ${this.pid} cannot apply the configuration: ${message.message}`));
        return;
      }
      case "listening":
        return this.#listening?.resolve({ http: message.http, https: message.https });
      case "listen-failed":
        return this.#listening?.reject(new ListenError(message.code, message.message));
      case "counters":
        return this.#events.counters(message.counters);
      case "closed":
        return this.#child.disconnect();
      default:
        message satisfies never;
    }
  }

  #gone(how: string): void {
    if (this.#exited) return;
    this.#exited = true;
    for (const waiter of this.#applying.values()) waiter.resolve();
    this.#applying.clear();
    this.#listening?.reject(new ListenError("", `the worker process ended before it listened: ${how}`));
    this.#events.exit(how, this.#closing !== undefined);
    this.#closing?.();
  }
}
