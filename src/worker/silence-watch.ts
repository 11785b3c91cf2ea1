/**
 * Replaces workers that hang: a worker reports every second, and one that is silent for too long is ended.
 *
 * @module
 */
import type { Clock } from "../observe/mod.ts";
import type { WorkerProcess } from "./worker-process.ts";

const WATCH_MS = 1000;
/** Factor on the allowed silence of a worker that starts, because the machine may be slow. */
const START_SILENCE = 2;

/** Checks the silence of workers every second. */
export class SilenceWatch {
  #cancel: () => void;

  constructor(readonly clock: Clock, readonly silenceMs: number, readonly workers: () => Iterable<WorkerProcess>) {
    this.#cancel = this.#later();
  }

  /** Ends the checks. */
  stop(): void {
    this.#cancel();
  }

  #later(): () => void {
    const dueAtMs = this.clock.elapsedMs() + WATCH_MS;
    return this.clock.after(WATCH_MS, () => {
      this.#check(this.clock.elapsedMs() - dueAtMs);
      this.#cancel = this.#later();
    });
  }

  /** When this process itself was suspended (`lateMs`), it could receive no message, and all silences begin again. */
  #check(lateMs: number): void {
    const nowMs = this.clock.elapsedMs();
    for (const worker of this.workers()) {
      if (lateMs > WATCH_MS) worker.heardAtMs = nowMs;
      const limitMs = worker.started ? this.silenceMs : this.silenceMs * START_SILENCE;
      if (nowMs - worker.heardAtMs > limitMs) void worker.kill(`said nothing for ${Math.round(limitMs / 1000)} s`);
    }
  }
}
