/**
 * Deadlines of connections: a number on each, looked at by one coarse interval. Setting one is a store; nothing is
 * scheduled for a request.
 *
 * @module
 */
import type { Clock } from "../observe/clock.ts";

/** How late a deadline may be noticed, and how often the wheel turns. */
const TICK_MS = 100;
/** About 100 s a turn; what is due later is looked at once a turn. */
const SLOTS = 1024;

/** Something with a deadline. It is in the wheel from the first {@link Timed.setDeadline} until {@link Timed.stopTiming}. */
export abstract class Timed {
  /** Milliseconds of the wheel; Infinity: none. */
  #deadline = Infinity;
  readonly #wheel: DeadlineWheel;
  /** Links of the slot's list; for the wheel only. */
  next: Timed | null = null;
  previous: Timed | null = null;
  /** Slot, -1: in none. */
  slot = -1;
  /** When the slot comes. */
  due = Infinity;

  constructor(wheel: DeadlineWheel) {
    this.#wheel = wheel;
  }

  /** The deadline has passed; it is cleared before the call. */
  abstract expired(): void;

  /** @param ms from now */
  setDeadline(ms: number): void {
    const at = this.#wheel.nowMs + ms + TICK_MS;
    this.#deadline = at;
    if (at < this.due) this.#wheel.insert(this, at);
  }

  clearDeadline(): void {
    this.#deadline = Infinity;
  }

  /** No deadline any more, ever. */
  stopTiming(): void {
    this.#deadline = Infinity;
    this.#wheel.remove(this);
  }

  /** For the wheel: takes the deadline when it has passed. */
  takeExpired(nowMs: number): boolean {
    if (this.#deadline > nowMs) return false;
    this.#deadline = Infinity;
    return true;
  }

  get deadline(): number {
    return this.#deadline;
  }
}

/** One for each data plane. */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  readonly #slots: (Timed | null)[] = new Array(SLOTS).fill(null);
  #items = 0;
  /** Milliseconds, as of the last turn. */
  #now: number;
  #cursor: number;
  #cancel: (() => void) | null = null;

  /** @param failed hears of what {@link Timed.expired} threw: it must not keep others from their deadlines */
  constructor(clock: Clock, failed: (error: unknown) => void = rethrowLater) {
    this.#clock = clock;
    this.#failed = failed;
    this.#now = clock.elapsedMs();
    this.#cursor = Math.floor(this.#now / TICK_MS);
  }

  /** Coarse: at most one tick behind while anything is in the wheel. */
  get nowMs(): number {
    if (this.#cancel === null) this.#now = this.#clock.elapsedMs();
    return this.#now;
  }

  insert(item: Timed, at: number): void {
    if (this.#cancel === null) this.#start();
    this.remove(item);
    const first = this.#cursor + 1;
    const wanted = Math.max(first, Math.ceil(at / TICK_MS));
    const tick = Math.min(wanted, first + SLOTS - 2);
    const slot = tick % SLOTS;
    item.slot = slot;
    item.due = tick * TICK_MS;
    const head = this.#slots[slot]!;
    item.next = head;
    if (head !== null) head.previous = item;
    this.#slots[slot] = item;
    this.#items++;
  }

  remove(item: Timed): void {
    if (item.slot < 0) return;
    if (item.previous !== null) item.previous.next = item.next;
    else this.#slots[item.slot] = item.next;
    if (item.next !== null) item.next.previous = item.previous;
    item.next = null;
    item.previous = null;
    item.slot = -1;
    item.due = Infinity;
    this.#items--;
  }

  #start(): void {
    this.#now = this.#clock.elapsedMs();
    this.#cursor = Math.floor(this.#now / TICK_MS);
    this.#arm();
  }

  #arm(): void {
    this.#cancel = this.#clock.after(TICK_MS, () => {
      this.#turn();
      if (this.#items > 0) this.#arm();
      else this.#cancel = null;
    });
  }

  #turn(): void {
    this.#now = this.#clock.elapsedMs();
    const end = Math.floor(this.#now / TICK_MS);
    // after a standstill of more than a turn every slot is looked at once
    const from = Math.max(this.#cursor + 1, end - SLOTS + 1);
    for (let tick = from; tick <= end; tick++) {
      this.#cursor = tick;
      this.#look(tick % SLOTS);
    }
    this.#cursor = Math.max(this.#cursor, end);
  }

  #look(slot: number): void {
    let item = this.#slots[slot]!;
    this.#slots[slot] = null;
    // unlinked one by one: what is called may remove others of this very list
    while (item !== null) {
      const next: Timed | null = item.next;
      item.previous = null;
      item.next = null;
      item.slot = -1;
      item.due = Infinity;
      this.#items--;
      if (next !== null) {
        next.previous = null;
        this.#slots[slot] = next;
      }
      if (item.takeExpired(this.#now)) this.#expire(item);
      else if (item.deadline !== Infinity) this.insert(item, item.deadline);
      // the rest of the list as it is now; re-inserted ones never land in the slot that is being looked at
      const rest: Timed | null = this.#slots[slot]!;
      this.#slots[slot] = null;
      item = rest as Timed;
    }
  }

  #expire(item: Timed): void {
    try {
      item.expired();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Forgets everything. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}

function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
