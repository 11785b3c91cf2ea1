import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { OutlierDetection } from "../../../../src/proxy/balancer/outlier-detection.ts";
import { endpoint } from "../../../support/snapshot.ts";

describe("OutlierDetection", () => {
  const [one, two] = [endpoint("10.0.0.1:80"), endpoint("10.0.0.2:80")];
  let now = 0;
  let detection = new OutlierDetection();
  beforeEach(() => {
    now = 100_000;
    detection = new OutlierDetection(() => now);
    detection.update([one, two]);
  });

  const addresses = (): string[] => detection.ejected().map(({ address }) => address);

  /** Time from now on until the endpoint is tried like the others, which fails again. */
  function momentAfterFailure(): number {
    detection.observe(one, "unreachable", 1);
    const start = now;
    while (detection.ejected().length > 0) now += 100;
    detection.picked(one);
    return now - start;
  }

  it("has nobody on it at first, nor after answers and answers that went wrong", () => {
    detection.observe(one, "answered", 3);
    detection.observe(two, "failed", 3);
    assert.deepEqual(detection.ejected(), []);
  });

  it("has an endpoint that could not be reached on it for two seconds, then longer and longer, at most ten", () => {
    const moments = Array.from({ length: 5 }, momentAfterFailure);
    assert.deepEqual(moments, [2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it("forgets everything on success", () => {
    momentAfterFailure();
    momentAfterFailure();
    assert.deepEqual(addresses(), ["10.0.0.1"]);
    detection.observe(one, "answered", 2);
    assert.deepEqual(addresses(), []);
    assert.equal(momentAfterFailure(), 2_000);
  });

  it("lets one request find out when the moment is over, another one should that say nothing", () => {
    detection.observe(one, "unreachable", 1);
    now += 2_000;
    assert.deepEqual(addresses(), []);
    detection.picked(two);
    assert.deepEqual(addresses(), []);
    detection.picked(one);
    assert.deepEqual(addresses(), ["10.0.0.1"]);
    now += 2_000;
    assert.deepEqual(addresses(), []);
  });

  it("counts failures of requests that began before the first one was known as one", () => {
    now += 5_000;
    for (let i = 0; i < 10; i++) detection.observe(one, "unreachable", 5_000);
    now += 1_999;
    assert.deepEqual(addresses(), ["10.0.0.1"]);
    now += 1;
    assert.deepEqual(addresses(), []);
  });

  it("does not let the moment grow by requests that had nowhere else to go", () => {
    for (let i = 0; i < 10; i++, now += 10) detection.observe(one, "unreachable", 1);
    now += 1_990;
    assert.deepEqual(addresses(), []);
  });

  it("passes over a timeout of one request while others are answered", () => {
    now += 60_000;
    detection.observe(one, "answered", 5);
    now += 10;
    detection.observe(one, "unreachable", 60_000);
    assert.deepEqual(addresses(), []);
  });

  it("keeps what it knows of endpoints that stay, and forgets those that leave", () => {
    detection.observe(one, "unreachable", 1);
    detection.observe(two, "unreachable", 1);
    detection.update([endpoint("10.0.0.1:80"), endpoint("10.0.0.3:80")]);
    assert.deepEqual(addresses(), ["10.0.0.1"]);
    detection.observe(one, "answered", 1);
    assert.deepEqual(addresses(), [], "a request that began before knows the endpoint by its former object");
    detection.observe(two, "unreachable", 1);
    assert.deepEqual(addresses(), []);
    detection.update([one, two]);
    assert.deepEqual(addresses(), []);
  });
});
