/**
 * The counts and caches of policies in one process, and their exchange with the other processes.
 *
 * @module
 */
import type { Clock } from "../../observe/mod.ts";
import type { Cache, CacheOptions, Counts, CountsOptions, PolicyState } from "../../policy/mod.ts";
import { type Amounts, LevelTable } from "./level-table.ts";
import { RecentMap } from "./recent-map.ts";

/** Changes that one process has made to the levels of one name, as plain data. */
export interface CountsDelta {
  readonly name: string;
  readonly leakPerSecond: number;
  readonly amounts: Amounts;
}

/** Longest time before other processes get a change, milliseconds. */
const TELL_MS = 50;
/** Amounts in one message. */
const TOLD_AT_ONCE = 5_000;
const SWEEP_MS = 60_000;
const UNUSED_MS = 600_000;

/** Options of kept state. */
export interface KeptStateOptions {
  readonly clock: Clock;
  /** Sends changes to the other processes. Default: there are none. */
  readonly tell?: (deltas: readonly CountsDelta[]) => void;
}

interface CacheTable {
  readonly entries: RecentMap<{ readonly value: unknown; readonly untilMs: number }>;
  ttlMs: number;
  usedAtMs: number;
}

/** One for each data plane. */
export class KeptState implements PolicyState {
  readonly #clock: Clock;
  readonly #tell: KeptStateOptions["tell"];
  readonly #levels = new Map<string, LevelTable>();
  readonly #caches = new Map<string, CacheTable>();
  #cancelTelling: (() => void) | null = null;
  #cancelSweep: (() => void) | null = null;
  #closed = false;

  constructor({ clock, tell }: KeptStateOptions) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Names of the counts that are kept. */
  get names(): readonly string[] {
    return [...this.#levels.keys(), ...this.#caches.keys()];
  }

  counts(name: string, options: CountsOptions = {}): Counts {
    this.#table(name, options).configure(options);
    return {
      add: (key, amount) => {
        const level = this.#table(name, options).add(key, amount, this.#clock.elapsedMs(), this.#tell !== undefined);
        if (this.#tell !== undefined) this.#tellLater();
        return level;
      },
      level: (key) => this.#levels.get(name)?.level(key, this.#clock.elapsedMs()) ?? 0,
    };
  }

  cache<V>(name: string, options: CacheOptions): Cache<V> {
    const table = (): CacheTable => this.#cacheTable(name, options);
    const { entries } = table();
    entries.limit = Math.max(1, options.maxEntries);
    table().ttlMs = options.ttlMs;
    return {
      get: (key) => {
        const { entries } = table();
        const entry = entries.get(key);
        if (entry === undefined) return undefined;
        if (entry.untilMs > this.#clock.elapsedMs()) return entry.value as V;
        entries.delete(key);
        return undefined;
      },
      set: (key, value) => {
        const { entries, ttlMs } = table();
        entries.set(key, { value, untilMs: this.#clock.elapsedMs() + ttlMs });
      },
      delete: (key) => table().entries.delete(key),
    };
  }

  /** Takes over what other processes have added. */
  receive(deltas: readonly CountsDelta[]): void {
    const nowMs = this.#clock.elapsedMs();
    for (const { name, leakPerSecond, amounts } of deltas) {
      const table = this.#table(name, { leakPerSecond });
      for (const [key, amount] of amounts) table.add(key, amount, nowMs, false);
    }
  }

  /** Sends the remaining changes, and stops the timer. */
  close(): void {
    this.#closed = true;
    this.#cancelSweep?.();
    this.#cancelTelling?.();
    this.#tellNow();
  }

  #table(name: string, options: CountsOptions): LevelTable {
    let table = this.#levels.get(name);
    if (table === undefined) {
      this.#levels.set(name, table = new LevelTable());
      table.configure(options);
      table.usedAtMs = this.#clock.elapsedMs();
      this.#sweepLater();
    }
    return table;
  }

  #cacheTable(name: string, { maxEntries, ttlMs }: CacheOptions): CacheTable {
    let table = this.#caches.get(name);
    if (table === undefined) {
      table = { entries: new RecentMap(Math.max(1, maxEntries)), ttlMs, usedAtMs: 0 };
      this.#caches.set(name, table);
      this.#sweepLater();
    }
    table.usedAtMs = this.#clock.elapsedMs();
    return table;
  }

  #tellLater(): void {
    if (this.#closed) return;
    this.#cancelTelling ??= this.#clock.after(TELL_MS, () => {
      this.#cancelTelling = null;
      this.#tellNow();
      if ([...this.#levels.values()].some((table) => table.hasUntold)) this.#tellLater();
    });
  }

  #tellNow(): void {
    if (this.#tell === undefined) return;
    const deltas: CountsDelta[] = [];
    let room = TOLD_AT_ONCE;
    for (const [name, table] of this.#levels) {
      if (room === 0) break;
      const amounts = table.take(room);
      if (amounts.length === 0) continue;
      room -= amounts.length;
      deltas.push({ name, leakPerSecond: table.leakPerSecond, amounts });
    }
    if (deltas.length > 0) this.#tell(deltas);
  }

  #sweepLater(): void {
    if (this.#closed) return;
    this.#cancelSweep ??= this.#clock.after(SWEEP_MS, () => {
      this.#cancelSweep = null;
      this.#sweep(this.#clock.elapsedMs());
      if (this.#levels.size + this.#caches.size > 0) this.#sweepLater();
    });
  }

  #sweep(nowMs: number): void {
    for (const [name, table] of this.#levels) {
      table.prune(nowMs);
      if (table.empty && !table.hasUntold && nowMs - table.usedAtMs >= UNUSED_MS) this.#levels.delete(name);
    }
    for (const [name, table] of this.#caches) {
      table.entries.prune(({ untilMs }) => untilMs <= nowMs);
      if (nowMs - table.usedAtMs >= UNUSED_MS) this.#caches.delete(name);
    }
  }
}
