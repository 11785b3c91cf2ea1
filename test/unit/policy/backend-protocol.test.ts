import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { backendProtocol } from "../../../src/policy/backend-protocol.ts";
import { parsePolicy } from "../../support/policy.ts";

describe("backend-protocol", () => {
  const rows: [value: string, policy: unknown][] = [
    ["HTTP", undefined],
    ["HTTPS", { tls: "always" }],
    ["https", { tls: "always" }],
    [" HTTPS ", { tls: "always" }],
    ["AUTO_HTTP", { tls: "request" }],
  ];
  for (const [value, policy] of rows) {
    test(`reads ${JSON.stringify(value)}`, () => {
      const parsed = parsePolicy(backendProtocol, { "backend-protocol": value });
      assert.deepEqual(parsed.policy, policy);
      assert.deepEqual(parsed.denied, []);
    });
  }

  test("takes another value for HTTP and says so", () => {
    const parsed = parsePolicy(backendProtocol, { "backend-protocol": "SPDY" });
    assert.equal(parsed.policy, undefined);
    assert.deepEqual(parsed.invalid, ["backend-protocol: ignore"]);
  });

  for (const value of ["GRPC", "GRPCS", "fcgi"]) {
    test(`denies the locations for ${value}`, () => {
      const { denied, findings } = parsePolicy(backendProtocol, { "backend-protocol": value });
      assert.deepEqual(denied, [`backend-protocol ${value.toUpperCase()} is not spoken yet`]);
      assert.equal(findings.length, 1);
    });
  }
});
