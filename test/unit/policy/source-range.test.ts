import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sourceRange } from "../../../src/policy/source-range.ts";
import { fakeExchange, runRequest } from "../../support/exchange.ts";
import { fakeScope, parsePolicy } from "../../support/policy.ts";

function statusFor(address: string, annotations: Record<string, string>, config: Record<string, string> = {}): number {
  const { policy } = parsePolicy(sourceRange, annotations, { config });
  if (policy === undefined) return 200;
  const exchange = fakeExchange({ clientAddress: address });
  return runRequest(sourceRange.hooks(policy), exchange)?.status ?? 200;
}

describe("source-range", () => {
  const rows: [
    name: string,
    annotations: Record<string, string>,
    config: Record<string, string>,
    in_: string,
    out: string,
  ][] = [
    ["allowlist", { "allowlist-source-range": "127.0.0.0/16" }, {}, "127.0.0.1", "127.1.0.1"],
    ["the older name", { "whitelist-source-range": "127.5.0.0/16" }, {}, "127.5.0.1", "127.0.0.1"],
    [
      "the newer name before the older",
      { "allowlist-source-range": "10.0.0.1", "whitelist-source-range": "10.0.0.2" },
      {},
      "10.0.0.1",
      "10.0.0.2",
    ],
    [
      "addresses and blocks with spaces",
      { "allowlist-source-range": "10.0.0.0/8, 127.0.0.3 , 127.7.0.0/16" },
      {},
      "127.0.0.3",
      "127.0.0.1",
    ],
    ["IPv6", { "allowlist-source-range": "2001:db8::/32" }, {}, "2001:db8:1::7", "2001:db9::1"],
    ["all of IPv4 leaves IPv6 out", { "allowlist-source-range": "0.0.0.0/0" }, {}, "192.0.2.1", "2001:db8::1"],
    ["denylist", { "denylist-source-range": "127.0.0.64/26" }, {}, "127.0.0.1", "127.0.0.66"],
    [
      "denylist before allowlist",
      { "denylist-source-range": "127.0.0.2", "allowlist-source-range": "127.0.0.0/24" },
      {},
      "127.0.0.1",
      "127.0.0.2",
    ],
    ["the ConfigMap's allow list", {}, { "whitelist-source-range": "10.0.0.0/8" }, "10.1.1.1", "127.0.0.1"],
    [
      "the annotation in place of the ConfigMap's",
      { "allowlist-source-range": "127.0.0.0/8" },
      { "whitelist-source-range": "10.0.0.0/8" },
      "127.0.0.1",
      "10.1.1.1",
    ],
    ["block-cidrs", {}, { "block-cidrs": "192.0.2.0/24" }, "127.0.0.1", "192.0.2.7"],
  ];
  for (const [name, annotations, config, in_, out] of rows) {
    test(`${name}: ${in_} gets in, ${out} does not`, () => {
      assert.equal(statusFor(in_, annotations, config), 200);
      assert.equal(statusFor(out, annotations, config), 403);
    });
  }

  test("block-cidrs does not hold where a location has a list of its own", () => {
    const config = { "block-cidrs": "127.0.0.1" };
    assert.equal(statusFor("127.0.0.1", { "denylist-source-range": "10.0.0.0/8" }, config), 200);
  });

  test("text that is no address gets in nowhere", () => {
    assert.equal(statusFor("unknown", { "allowlist-source-range": "0.0.0.0/0,::/0" }), 403);
  });

  for (const value of ["127.0.0.0/8,somewhere", "", " , ", "10.0.0.0/33", "10.0.0"]) {
    test(`closes the locations for "${value}"`, () => {
      const { invalid } = parsePolicy(sourceRange, { "allowlist-source-range": value });
      assert.deepEqual(invalid, ["allowlist-source-range: deny-location"]);
      const unchecked = parsePolicy(sourceRange, { "allowlist-source-range": value }, { validate: false });
      assert.equal(unchecked.denied.length, 1, "without validation too");
    });
  }

  test("closes the locations when the ConfigMap's list cannot be read", () => {
    const { denied } = parsePolicy(sourceRange, {}, { config: { "denylist-source-range": "10.0.0.0/8,x" } });
    assert.match(denied[0]!, /denylist-source-range "x"/);
  });

  test("nothing is asked where there is no list", () => {
    assert.equal(parsePolicy(sourceRange, {}).policy, undefined);
    assert.equal(fakeScope().hasCertificate("a.example"), false);
  });
});
