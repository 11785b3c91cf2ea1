/**
 * Log of requests that no upstream answered. The first failure of a kind has a line; further ones are counted, so that
 * neither a dead endpoint nor a flood of requests to it fills the log.
 *
 * @module
 */
import { type Clock, systemClock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** Fields of a line, as plain data. Unknown texts are empty. */
export interface RequestFailure {
  /** error: a request failed; warning: an attempt failed, and another endpoint is tried. */
  readonly level: "error" | "warning";
  readonly message: string;
  /** Status that the client gets; 0 when that is not decided. */
  readonly status: number;
  /** Kind of failure, see `ProxyErrorCode`. */
  readonly code: string;
  /** Name of the upstream, as in `$proxy_upstream_name`. */
  readonly upstream: string;
  /** `ip:port` of the endpoint. */
  readonly endpoint: string;
  readonly cause: string;
  readonly host: string;
  /** Path as the client sent it, without the query. */
  readonly path: string;
  /** `namespace/name` of the Ingress. */
  readonly ingress: string;
}

/** Options of a failure log. */
export interface FailureLogOptions {
  /** Writes a line. `leftOut`: failures of the kind without a line since the last one; 0: the line is the first. */
  readonly write: (failure: RequestFailure, leftOut: number) => void;
  /** Writes the number of failures whose kinds are too many to have lines of their own. */
  readonly writeOthers: (count: number) => void;
  /** Time in which each kind and endpoint has one line, milliseconds. Default: 10,000. */
  readonly windowMs?: number;
  readonly clock?: Clock;
}

const WINDOW_MS = 10_000;
/** Kinds that are remembered at a time. */
const MAX_KINDS = 256;

interface Kind {
  readonly first: RequestFailure;
  leftOut: number;
  /** When the window ends. */
  endsMs: number;
}

/** Writes the first failure of each kind at once, and at the end of each window the number of those that followed. */
export class FailureLog {
  readonly #options: FailureLogOptions;
  readonly #windowMs: number;
  readonly #clock: Clock;
  /** In the order in which their windows end. */
  readonly #kinds = new Map<string, Kind>();
  #others = 0;
  #othersEndMs = Infinity;
  #cancelTimer: (() => void) | null = null;

  constructor(options: FailureLogOptions) {
    this.#options = options;
    this.#windowMs = options.windowMs ?? WINDOW_MS;
    this.#clock = options.clock ?? systemClock;
  }

  /** Kinds that are remembered now. */
  get size(): number {
    return this.#kinds.size;
  }

  /**
   * Writes a line for a failure, or counts it.
   *
   * @param level of the line
   * @param code kind of failure
   * @param where endpoint, or else upstream or host
   * @param describe called when a line is written
   * @param count number of failures. Default: 1
   */
  report(
    level: RequestFailure["level"],
    code: string,
    where: string,
    describe: () => RequestFailure,
    count = 1,
  ): void {
    const key = `${level} ${code} ${where}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      known.leftOut += count;
    } else if (this.#kinds.size >= MAX_KINDS) {
      this.addOthers(count);
    } else {
      const first = describe();
      this.#kinds.set(key, { first, leftOut: count - 1, endsMs: this.#clock.elapsedMs() + this.#windowMs });
      this.#options.write(first, 0);
    }
    this.#startTimer();
  }

  /** Adds failures that the log of another process has reported. */
  add(failure: RequestFailure, count: number): void {
    const { level, code, endpoint, upstream, host } = failure;
    this.report(level, code, endpoint || upstream || host, () => failure, count);
  }

  /** Counts failures of kinds that are too many to be told apart. */
  addOthers(count: number): void {
    if (this.#others === 0) this.#othersEndMs = this.#clock.elapsedMs() + this.#windowMs;
    this.#others += count;
    this.#startTimer();
  }

  /** Writes lines for all that was counted, and forgets all kinds. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const { first, leftOut } of this.#kinds.values()) if (leftOut > 0) this.#options.write(first, leftOut);
    this.#kinds.clear();
    this.#tellOthers();
  }

  #startTimer(): void {
    this.#cancelTimer ??= this.#clock.after(this.#windowMs, () => this.#turn());
  }

  #turn(): void {
    this.#cancelTimer = null;
    const nowMs = this.#clock.elapsedMs();
    for (const [key, kind] of this.#kinds) {
      if (kind.endsMs > nowMs) break;
      this.#kinds.delete(key);
      if (kind.leftOut === 0) continue;
      this.#options.write(kind.first, kind.leftOut);
      // the line begins the next window
      this.#kinds.set(key, { first: kind.first, leftOut: 0, endsMs: nowMs + this.#windowMs });
    }
    if (this.#othersEndMs <= nowMs) this.#tellOthers();
    const [next] = this.#kinds.values();
    const nextMs = Math.min(next?.endsMs ?? Infinity, this.#othersEndMs);
    if (nextMs < Infinity) this.#cancelTimer = this.#clock.after(Math.max(1, nextMs - nowMs), () => this.#turn());
  }

  #tellOthers(): void {
    if (this.#others > 0) this.#options.writeOthers(this.#others);
    this.#others = 0;
    this.#othersEndMs = Infinity;
  }
}

/** Writes to the program's own log. */
export function failuresTo(logger: Logger): Pick<FailureLogOptions, "write" | "writeOthers"> {
  return {
    write: (failure, leftOut) => {
      const { level, message, status, code, upstream, endpoint, cause, host, path, ingress } = failure;
      logger[level](message, {
        status: status || undefined,
        code,
        upstream: upstream || undefined,
        endpoint: endpoint || undefined,
        cause,
        host,
        path,
        ingress: ingress || undefined,
        leftOut: leftOut || undefined,
      });
    },
    writeOthers: (count) =>
      logger.error("further requests failed, of more kinds than are logged one by one", { count }),
  };
}
