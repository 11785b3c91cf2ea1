import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Suspects } from "../../../../src/proxy/balancer/suspects.ts";
import { endpoint } from "../../../support/snapshot.ts";

describe("Suspects", () => {
  const [one, two] = [endpoint("10.0.0.1:80"), endpoint("10.0.0.2:80")];
  let now = 0;
  let suspects = new Suspects();
  beforeEach(() => {
    now = 100_000;
    suspects = new Suspects(() => now);
    suspects.update([one, two]);
  });

  const addresses = (): string[] => suspects.list().map(({ address }) => address);

  /** Time from now on until the endpoint is tried like the others, which fails again. */
  function momentAfterFailure(): number {
    suspects.observe(one, "unreachable", 1);
    const start = now;
    while (suspects.list().length > 0) now += 100;
    suspects.picked(one);
    return now - start;
  }

  it("has nobody on it at first, nor after answers and answers that went wrong", () => {
    suspects.observe(one, "answered", 3);
    suspects.observe(two, "failed", 3);
    assert.deepEqual(suspects.list(), []);
  });

  it("has an endpoint that could not be reached on it for two seconds, then longer and longer, at most ten", () => {
    const moments = Array.from({ length: 5 }, momentAfterFailure);
    assert.deepEqual(moments, [2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it("forgets everything on success", () => {
    momentAfterFailure();
    momentAfterFailure();
    assert.deepEqual(addresses(), ["10.0.0.1"]);
    suspects.observe(one, "answered", 2);
    assert.deepEqual(addresses(), []);
    assert.equal(momentAfterFailure(), 2_000);
  });

  it("lets one request find out when the moment is over, another one should that say nothing", () => {
    suspects.observe(one, "unreachable", 1);
    now += 2_000;
    assert.deepEqual(addresses(), []);
    suspects.picked(two);
    assert.deepEqual(addresses(), []);
    suspects.picked(one);
    assert.deepEqual(addresses(), ["10.0.0.1"]);
    now += 2_000;
    assert.deepEqual(addresses(), []);
  });

  it("counts failures of requests that began before the first one was known as one", () => {
    now += 5_000;
    for (let i = 0; i < 10; i++) suspects.observe(one, "unreachable", 5_000);
    now += 1_999;
    assert.deepEqual(addresses(), ["10.0.0.1"]);
    now += 1;
    assert.deepEqual(addresses(), []);
  });

  it("does not let the moment grow by requests that had nowhere else to go", () => {
    for (let i = 0; i < 10; i++, now += 10) suspects.observe(one, "unreachable", 1);
    now += 1_990;
    assert.deepEqual(addresses(), []);
  });

  it("passes over a timeout of one request while others are answered", () => {
    now += 60_000;
    suspects.observe(one, "answered", 5);
    now += 10;
    suspects.observe(one, "unreachable", 60_000);
    assert.deepEqual(addresses(), []);
  });

  it("keeps what it knows of endpoints that stay, and forgets those that leave", () => {
    suspects.observe(one, "unreachable", 1);
    suspects.observe(two, "unreachable", 1);
    suspects.update([endpoint("10.0.0.1:80"), endpoint("10.0.0.3:80")]);
    assert.deepEqual(addresses(), ["10.0.0.1"]);
    suspects.observe(one, "answered", 1);
    assert.deepEqual(addresses(), [], "a request that began before knows the endpoint by its former object");
    suspects.observe(two, "unreachable", 1);
    assert.deepEqual(addresses(), []);
    suspects.update([one, two]);
    assert.deepEqual(addresses(), []);
  });
});
