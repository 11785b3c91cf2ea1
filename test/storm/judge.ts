/**
 * Tells failures that a killed worker explains from those that nothing does.
 *
 * @module
 */

const MAX_SHOWN = 20;

/** A worker that was killed. */
interface Kill {
  readonly atMs: number;
  /** Its death has been noticed: from here on no new connection can have come to it. */
  overAtMs: number;
}

/** Where a request or WebSocket was. */
export interface Whereabouts {
  /** Process id of the worker that holds the connection; 0: it has said nothing yet. */
  readonly worker: number;
  /** When the connection was begun. */
  readonly openedAtMs: number;
}

/** Counts what went well, and why the rest did not. */
export class Judge {
  readonly counts: Record<string, number> = {};
  readonly failures: string[] = [];
  readonly #kills = new Map<number, Kill>();
  #begun = performance.now();

  /** Call it before the signal is sent; the result when the death is known. */
  kill(pid: number): () => void {
    const kill = { atMs: performance.now(), overAtMs: Infinity };
    this.#kills.set(pid, kill);
    return () => kill.overAtMs = performance.now();
  }

  get kills(): number {
    return this.#kills.size;
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** A connection ended, or could not be opened. Only the death of its worker is an excuse. */
  lost(what: string, { worker, openedAtMs }: Whereabouts, error: unknown): void {
    if (worker === 0 ? this.#mayHaveBeenKilled(openedAtMs) : this.#kills.has(worker)) this.count(`${what} killed`);
    else {this.fail(
        `${what}: ${error instanceof Error ? error.message : String(error)} (worker ${worker || "unknown"})`,
      );}
  }

  /** Nothing excuses this. */
  fail(what: string): void {
    this.count("failed");
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1);
    if (this.failures.length < MAX_SHOWN) this.failures.push(`after ${seconds} s: ${what}`);
  }

  #mayHaveBeenKilled(openedAtMs: number): boolean {
    return [...this.#kills.values()].some(({ overAtMs }) => openedAtMs <= overAtMs);
  }
}
