/**
 * Errors of our own in exchanges: each kind is logged once in a while, all are counted.
 *
 * @module
 */
import type { Logger } from "../../observe/mod.ts";

const AGAIN_AFTER_MS = 60_000;
const MAX_KINDS = 200;

/** Counts and logs. */
export class CrashLog {
  /** All errors so far. */
  count = 0;
  readonly #logger: Logger;
  readonly #kinds = new Map<string, { at: number; held: number }>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  report(error: unknown, where: string): void {
    this.count++;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const kind = `${where} ${message}`;
    const now = Date.now();
    const known = this.#kinds.get(kind);
    if (known !== undefined && now - known.at < AGAIN_AFTER_MS) {
      known.held++;
      return;
    }
    if (this.#kinds.size >= MAX_KINDS) this.#kinds.clear();
    this.#kinds.set(kind, { at: now, held: 0 });
    this.#logger.error("an exchange failed by an error of our own", {
      where,
      cause: message,
      stack: error instanceof Error ? error.stack : undefined,
      again: known?.held,
    });
  }
}
