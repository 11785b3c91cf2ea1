/**
 * Deadlines of connections: each has a number that one coarse interval checks. Setting a deadline is a store; no timer
 * is made for a request.
 *
 * @module
 */
import type { Clock } from "../observe/mod.ts";

/** Interval of the wheel, and longest delay of a deadline. */
const TICK_MS = 100;
/** Slots of the wheel, about 100 s a turn; later deadlines are checked once a turn. */
const SLOTS = 1024;

/**
 * An object with a deadline. It is in the wheel from the first {@link Timed.setDeadline} until {@link
 * Timed.stopTiming}.
 */
export abstract class Timed {
  /** Deadline in the wheel's milliseconds; Infinity: none. */
  #deadline = Infinity;
  readonly #wheel: DeadlineWheel;
  /** Links of the slot's list; only the wheel uses them. */
  next: Timed | null = null;
  previous: Timed | null = null;
  /** Number of the slot; -1: in none. */
  slot = -1;
  /** Time of the slot. */
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

  /** Removes the object from the wheel for good. */
  stopTiming(): void {
    this.#deadline = Infinity;
    this.#wheel.remove(this);
  }

  /** For the wheel: clears the deadline when it has passed; returns whether it had. */
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
  /** Milliseconds at the last turn. */
  #now: number;
  #cursor: number;
  #cancel: (() => void) | null = null;

  /** @param failed gets what {@link Timed.expired} threw, so that other deadlines are still checked */
  constructor(clock: Clock, failed: (error: unknown) => void = rethrowLater) {
    this.#clock = clock;
    this.#failed = failed;
    this.#now = clock.elapsedMs();
    this.#cursor = Math.floor(this.#now / TICK_MS);
  }

  /** Coarse time: at most one tick behind while the wheel holds an object. */
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
    // after a pause longer than a turn every slot is checked once
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
    // objects are unlinked one by one, because a call may remove others of the same list
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
      // the rest of the list as it is now; objects that are inserted again never land in the current slot
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

  /** Removes all objects. */
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
