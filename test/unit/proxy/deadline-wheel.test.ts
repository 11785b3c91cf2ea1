import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../../src/observe/mod.ts";
import { DeadlineWheel, Timed } from "../../../src/proxy/deadline-wheel.ts";
import { random } from "../../support/random.ts";

class Item extends Timed {
  readonly calls: number[] = [];
  constructor(wheel: DeadlineWheel, readonly clock: ManualClock, readonly then: (item: Item) => void = () => {}) {
    super(wheel);
  }
  override expired(): void {
    this.calls.push(this.clock.elapsedMs());
    this.then(this);
  }
}

/** Late by at most this much. */
const SLACK_MS = 300;

describe("DeadlineWheel", () => {
  it("calls once, never early and hardly late, near and far", () => {
    for (const ms of [0, 50, 1000, 60_000, 101_000, 250_000, 3_600_000]) {
      const clock = new ManualClock(12_345);
      const item = new Item(new DeadlineWheel(clock), clock);
      item.setDeadline(ms);
      clock.advance(ms + 1_000_000);
      assert.equal(item.calls.length, 1);
      const took = item.calls[0]! - 12_345;
      assert.ok(took >= ms && took <= ms + SLACK_MS, `${took} for ${ms}`);
    }
  });

  it("heeds the last deadline only, earlier or later, and none after it was cleared", () => {
    const clock = new ManualClock();
    const wheel = new DeadlineWheel(clock);
    const [later, earlier, cleared, stopped] = [0, 1, 2, 3].map(() => new Item(wheel, clock)) as [
      Item,
      Item,
      Item,
      Item,
    ];
    later.setDeadline(1000);
    later.setDeadline(5000);
    earlier.setDeadline(60_000);
    earlier.setDeadline(2000);
    cleared.setDeadline(1000);
    cleared.clearDeadline();
    stopped.setDeadline(1000);
    stopped.stopTiming();
    clock.advance(4000);
    assert.deepEqual([later, earlier, cleared, stopped].map(({ calls }) => calls.length), [0, 1, 0, 0]);
    clock.advance(2000);
    assert.equal(later.calls.length, 1);
    cleared.setDeadline(1000);
    clock.advance(2000);
    assert.equal(cleared.calls.length, 1);
  });

  it("keeps no timer when there is nothing to wait for", () => {
    let timers = 0;
    const clock = new ManualClock();
    const counted = {
      nowMs: () => clock.nowMs(),
      elapsedMs: () => clock.elapsedMs(),
      after: (ms: number, action: () => void) => {
        timers++;
        return clock.after(ms, () => {
          timers--;
          action();
        });
      },
    };
    const item = new Item(new DeadlineWheel(counted), clock);
    item.setDeadline(500);
    assert.equal(timers, 1);
    clock.advance(2000);
    assert.equal(item.calls.length, 1);
    assert.equal(timers, 0);
    clock.advance(1_000_000);
    item.setDeadline(500);
    clock.advance(2000);
    assert.equal(item.calls.length, 2);
  });

  it("takes what is called to set, clear and stop others", () => {
    const clock = new ManualClock();
    const wheel = new DeadlineWheel(clock);
    const victims = Array.from({ length: 5 }, () => new Item(wheel, clock));
    const killer = new Item(wheel, clock, (item) => {
      for (const victim of victims) victim.stopTiming();
      item.setDeadline(100);
    });
    for (const victim of victims) victim.setDeadline(1000);
    killer.setDeadline(1000);
    clock.advance(1350);
    const before = victims.filter(({ calls }) => calls.length > 0).length;
    clock.advance(10_000);
    assert.equal(victims.filter(({ calls }) => calls.length > 0).length, before);
    assert.ok(killer.calls.length > 10);
  });

  it("is not stopped by one that throws", () => {
    const clock = new ManualClock();
    const errors: unknown[] = [];
    const wheel = new DeadlineWheel(clock, (error) => errors.push(error));
    const items = Array.from({ length: 3 }, () =>
      new Item(wheel, clock, () => {
        throw new Error("a fault");
      }));
    for (const item of items) item.setDeadline(1000);
    clock.advance(2000);
    assert.deepEqual(items.map(({ calls }) => calls.length), [1, 1, 1]);
    assert.equal(errors.length, 3);
    items[0]!.setDeadline(1000);
    clock.advance(2000);
    assert.equal(items[0]!.calls.length, 2);
  });

  it("holds with many items that change their minds", () => {
    const clock = new ManualClock();
    const wheel = new DeadlineWheel(clock);
    const next = random(7);
    const due = new Map<Item, number>();
    const items = Array.from({ length: 200 }, () =>
      new Item(wheel, clock, (item) => {
        const at = due.get(item);
        assert.ok(at !== undefined && clock.elapsedMs() >= at && clock.elapsedMs() <= at + SLACK_MS);
        due.delete(item);
      }));
    for (let round = 0; round < 2000; round++) {
      const item = next.of(items);
      if (next(5) === 0) {
        item.clearDeadline();
        due.delete(item);
      } else {
        const ms = next(next(2) === 0 ? 500 : 200_000);
        item.setDeadline(ms);
        due.set(item, clock.elapsedMs() + ms);
      }
      clock.advance(next(300));
    }
    clock.advance(300_000);
    assert.equal(due.size, 0);
  });
});
