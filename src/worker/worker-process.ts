/**
 * A worker process, from the view of the control process.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Clock, RequestCounts, RequestFailure } from "../observe/mod.ts";
import { type CountsDelta, ListenError, type ListenFailure, type ListenOptions } from "../proxy/mod.ts";
import { encodeMessage, type FromWorker, type LogEntry, type ToWorker, type WorkerCounters } from "./message.ts";

/** Callbacks for events of a worker. */
export interface WorkerEvents {
  /** Access log bytes as written; called without bytes at their end. */
  readonly output: (bytes?: Uint8Array) => void;
  /** Lines that applying an update has logged. */
  readonly log: (serial: number, entries: readonly LogEntry[]) => void;
  readonly counters: (counters: WorkerCounters) => void;
  readonly requests: (counts: readonly RequestCounts[]) => void;
  /** A number of requests failed in that way. */
  readonly failure: (failure: RequestFailure, count: number) => void;
  /** A number of requests failed whose kinds are too many to be told apart. */
  readonly otherFailures: (count: number) => void;
  /** The worker has changed counts that all workers share. */
  readonly counts: (deltas: readonly CountsDelta[]) => void;
  /** Ports that the worker cannot open; called whenever that may have changed. */
  readonly listening: (failures: readonly ListenFailure[]) => void;
  readonly wantSelfSigned: () => void;
  readonly wantTotal: (id: number) => void;
  /** The process has ended. `expected`: after {@link WorkerProcess.close}; `cut`: log lines were lost with it. */
  readonly exit: (how: string, expected: boolean, cut: boolean) => void;
}

/** Outcome of an update. */
export type ApplyOutcome =
  | { readonly kind: "applied" }
  | { readonly kind: "refused"; readonly message: string }
  /** The process ended before it answered. */
  | { readonly kind: "gone" };

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** Time to read the rest of a process's output after its end. */
const OUTPUT_MS = 1000;
/** Time beyond the grace period for a worker to end. */
const CLOSE_MS = 10_000;

/** A running process. Its promises settle at the latest when the process ends. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #events: WorkerEvents;
  readonly #clock: Clock;
  readonly #applying = new Map<number, (outcome: ApplyOutcome) => void>();
  readonly #reporting = new Map<number, () => void>();
  readonly #listening = new Map<number, Waiter<void>>();
  #listens = 0;
  #closed: Promise<void> | undefined;
  #closing: (() => void) | undefined;
  #killedFor: string | undefined;
  #reports = 0;
  #exited = false;
  #tellGone: () => void = () => {};
  /** Resolves when the process has ended. */
  readonly gone: Promise<void> = new Promise((resolve) => this.#tellGone = resolve);
  /** Time of the last message, by the clock. */
  heardAtMs: number;
  /** The process has sent its first message. */
  started = false;

  /** @throws when the runtime does not allow processes */
  constructor(
    { command, title }: { readonly command: readonly string[]; readonly title: string | undefined },
    events: WorkerEvents,
    clock: Clock,
  ) {
    this.#events = events;
    this.#clock = clock;
    this.heardAtMs = clock.elapsedMs();
    const [program, ...args] = command as [string, ...string[]];
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "inherit", "ipc"],
      ...title === undefined ? {} : { argv0: title },
    });
    this.#child = child;
    child.on("message", (message) => this.#receive(message as FromWorker));
    child.stdout!.on("data", (bytes: Uint8Array) => events.output(bytes));
    // The exit of the process follows a failed channel, and settles all promises.
    child.stdin!.on("error", () => {});
    child.once("exit", (code, signal) => {
      const how = signal ?? `status ${code}`;
      // "close" comes when the standard output has been read to its end; that needs a reader of the lines.
      const cancel = clock.after(OUTPUT_MS, () => {
        child.stdout!.destroy();
        this.#gone(how, true);
      });
      child.once("close", () => {
        cancel();
        this.#gone(how, false);
      });
    });
    child.once("error", (error) => {
      if (child.pid === undefined) this.#gone(error.message, false);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether access log output is read; it is not while its reader is slow. */
  set reading(reading: boolean) {
    if (reading) this.#child.stdout!.resume();
    else this.#child.stdout!.pause();
  }

  send(message: ToWorker): void {
    this.#write(encodeMessage(message));
  }

  /** Sends the parts of an update, which {@link encodeMessage} made, and resolves to the outcome. */
  apply(serial: number, parts: readonly Uint8Array[]): Promise<ApplyOutcome> {
    return new Promise((resolve) => {
      if (this.#exited) return resolve({ kind: "gone" });
      this.#applying.set(serial, resolve);
      for (const part of parts) this.#write(part);
      this.send({ kind: "apply", serial });
    });
  }

  /**
   * Resolves when each port is open or will be tried again. Rejects with a {@link ListenError} when a port of HTTP
   * cannot be opened.
   */
  listen(options: ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#exited) return reject(new ListenError("", "the worker process is gone"));
      const id = this.#listens++;
      this.#listening.set(id, { resolve, reject });
      this.send({ kind: "listen", id, options });
    });
  }

  /** Resolves when the worker has reported its counters, or has ended. */
  report(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#exited) return resolve();
      const id = this.#reports++;
      this.#reporting.set(id, resolve);
      this.send({ kind: "report", id });
    });
  }

  /** Lets requests in flight end for `graceMs`, then ends the process; resolves when it has ended. */
  close(graceMs: number): Promise<void> {
    return this.#closed ??= new Promise((resolve) => {
      if (this.#exited) return resolve();
      const cancel = this.#clock.after(graceMs + CLOSE_MS, () => void this.kill("did not end in time"));
      this.#closing = () => {
        cancel();
        resolve();
      };
      this.send({ kind: "close", graceMs });
    });
  }

  /** Ends the process at once; resolves when it has ended. */
  kill(reason?: string): Promise<void> {
    this.#killedFor ??= reason;
    this.#child.kill("SIGKILL");
    return this.gone;
  }

  #write(bytes: Uint8Array): void {
    if (!this.#exited && this.#child.stdin!.writable) this.#child.stdin!.write(bytes);
  }

  #receive(message: FromWorker): void {
    // Messages may be read after the end of their process; then only counters matter.
    if (this.#exited && message.kind !== "requests") return;
    this.heardAtMs = this.#clock.elapsedMs();
    switch (message.kind) {
      case "started":
        this.started = true;
        return;
      case "applied":
      case "refused": {
        const { serial, log } = message;
        this.#events.log(serial, log);
        const tell = this.#applying.get(serial);
        this.#applying.delete(serial);
        tell?.(message.kind === "applied" ? { kind: "applied" } : { kind: "refused", message: message.message });
        return;
      }
      case "listening":
        this.#events.listening(message.failures);
        if (message.id !== null) this.#listened(message.id)?.resolve();
        return;
      case "listen-failed":
        return this.#listened(message.id)?.reject(new ListenError(message.code, message.message));
      case "failure":
        return this.#events.failure(message.failure, message.leftOut || 1);
      case "other-failures":
        return this.#events.otherFailures(message.count);
      case "requests":
        return this.#events.requests(message.counts);
      case "report": {
        this.#events.counters(message.counters);
        if (message.id === null) return;
        this.#reporting.get(message.id)?.();
        this.#reporting.delete(message.id);
        return;
      }
      case "counts":
        return this.#events.counts(message.deltas);
      case "want-self-signed":
        return this.#events.wantSelfSigned();
      case "want-total":
        return this.#events.wantTotal(message.id);
      case "closed":
        this.#child.stdin!.end();
        this.#child.disconnect();
        return;
      default:
        message satisfies never;
    }
  }

  #listened(id: number): Waiter<void> | undefined {
    const waiter = this.#listening.get(id);
    this.#listening.delete(id);
    return waiter;
  }

  #gone(how: string, cut: boolean): void {
    if (this.#exited) return;
    this.#exited = true;
    for (const tell of this.#applying.values()) tell({ kind: "gone" });
    this.#applying.clear();
    for (const tell of this.#reporting.values()) tell();
    this.#reporting.clear();
    const error = new ListenError("", `the worker process ended before it listened: ${how}`);
    for (const { reject } of this.#listening.values()) reject(error);
    this.#listening.clear();
    this.#events.output();
    this.#events.exit(this.#killedFor ?? how, this.#closing !== undefined, cut);
    this.#closing?.();
    this.#tellGone();
  }
}
