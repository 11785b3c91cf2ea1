/**
 * The one log of internal errors: exceptions that no code expects, in exchanges, hooks, workers, admin endpoints and outside
 * of them all. Each is counted; each kind is logged with its stack, once in a minute.
 *
 * @module
 */
import { type Clock, systemClock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** Time in which a kind is logged once. */
const WINDOW_MS = 60_000;
/** Kinds that are told apart; further ones share a line. */
const MAX_KINDS = 100;
const OTHER_KIND = "other";

interface Kind {
  loggedMs: number;
  /** Errors of the kind since it was logged. */
  leftOut: number;
}

/** Counts and logs the internal errors of one process. */
export class InternalErrorLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();
  #count = 0;

  constructor(logger: Logger, clock: Clock = systemClock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Errors so far, whether they were logged or not. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts the error, and logs it unless its kind was logged within the last minute.
   *
   * @param where the part of the program that threw, such as `exchange`
   */
  report(error: unknown, where: string): void {
    this.#count++;
    const cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const stack = error instanceof Error ? error.stack : undefined;
    const nowMs = this.#clock.elapsedMs();
    const key = this.#keyOf(`${where} ${cause} ${firstFrame(stack)}`, nowMs);
    const known = this.#kinds.get(key);
    if (known !== undefined && nowMs - known.loggedMs < WINDOW_MS) {
      known.leftOut++;
      return;
    }
    this.#kinds.set(key, { loggedMs: nowMs, leftOut: 0 });
    const leftOut = known?.leftOut || undefined;
    this.#logger.error("internal error: please report it", { where, cause, stack, leftOut });
  }

  #keyOf(kind: string, nowMs: number): string {
    if (this.#kinds.size < MAX_KINDS || this.#kinds.has(kind)) return kind;
    for (const [key, { loggedMs }] of this.#kinds) if (nowMs - loggedMs >= WINDOW_MS) this.#kinds.delete(key);
    return this.#kinds.size < MAX_KINDS ? kind : OTHER_KIND;
  }
}

/** Line of the stack that names where the error was made. */
function firstFrame(stack: string | undefined): string {
  return stack?.split("\n").find((line) => /^\s*at /.test(line))?.trim() ?? "";
}
