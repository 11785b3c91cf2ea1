import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { customHeaders } from "../../../src/policy/custom-headers.ts";
import { hsts } from "../../../src/policy/hsts.ts";
import { realIpHeader } from "../../../src/policy/real-ip-header.ts";
import { serviceNameHeader } from "../../../src/policy/service-name-header.ts";
import { fakeAttempt, fakeExchange, runResponse } from "../../support/exchange.ts";
import { type FakeGlobals, parsePolicy } from "../../support/policy.ts";

describe("real-ip-header", () => {
  test("puts the client's address in place of the upstream's field", () => {
    const exchange = fakeExchange({ clientAddress: "203.0.113.9", response: { "x-real-ip": "10.9.9.9" } });
    runResponse(realIpHeader.hooks({ field: "X-Real-IP" }), exchange);
    assert.deepEqual(exchange.response!.getAll("x-real-ip"), ["203.0.113.9"]);
  });

  test("takes the name of a field only", () => {
    assert.deepEqual(parsePolicy(realIpHeader, { "real-ip-header": "X-Real-IP" }).policy, { field: "X-Real-IP" });
    assert.deepEqual(parsePolicy(realIpHeader, { "real-ip-header": "X: y" }).invalid, ["real-ip-header: ignore"]);
    assert.equal(parsePolicy(realIpHeader, {}).policy, undefined);
    const framing = { "real-ip-header": "Content-Length" };
    assert.deepEqual(parsePolicy(realIpHeader, framing).invalid, ["real-ip-header: ignore"]);
    assert.equal(parsePolicy(realIpHeader, framing, { validate: false }).policy, undefined);
  });
});

describe("service-name-header", () => {
  const hooks = serviceNameHeader.hooks({ field: "Backend-Pod" });

  test("names the pod of the last attempt", () => {
    const attempts = [fakeAttempt({ pod: "echo-0", status: 502 }), fakeAttempt({ pod: "echo-1" })];
    const exchange = fakeExchange({ attempts, response: { "backend-pod": "liar" } });
    runResponse(hooks, exchange);
    assert.deepEqual(exchange.response!.getAll("backend-pod"), ["echo-1"]);
  });

  test("names the address where no pod is known", () => {
    for (const [address, want] of [["10.0.0.1:8080", "10.0.0.1"], ["[2001:db8::1]:80", "2001:db8::1"]] as const) {
      const exchange = fakeExchange({ attempts: [fakeAttempt({ address })], response: {} });
      runResponse(hooks, exchange);
      assert.equal(exchange.response!.get("backend-pod"), want);
    }
  });

  test("names nobody when no endpoint was asked, or none answered", () => {
    for (const attempts of [[], [fakeAttempt({ pod: "echo-0", status: 502, headerMs: -1 })]]) {
      const exchange = fakeExchange({ attempts, response: {} });
      runResponse(hooks, exchange);
      assert.equal(exchange.response!.has("backend-pod"), false);
    }
  });
});

describe("HSTS", () => {
  function value(globals: FakeGlobals["hsts"], tls: boolean): string | undefined {
    const { policy } = parsePolicy(hsts, {}, { globals: globals === undefined ? {} : { hsts: globals } });
    const exchange = fakeExchange({ tls, response: { "Strict-Transport-Security": "max-age=1" } });
    if (policy !== undefined) runResponse(hsts.hooks(policy), exchange);
    return exchange.response!.get("strict-transport-security");
  }

  test("stands on responses over TLS in place of the upstream's", () => {
    assert.equal(value({}, true), "max-age=31536000; includeSubDomains");
    assert.equal(
      value({ maxAgeSeconds: 86400, includeSubdomains: false, preload: true }, true),
      "max-age=86400; preload",
    );
  });

  test("leaves responses over plain HTTP alone, and all when switched off", () => {
    assert.equal(value({}, false), "max-age=1");
    assert.equal(value({ enabled: false }, true), "max-age=1");
  });
});

describe("custom-headers", () => {
  const config = { "global-allowed-response-headers": "My-Field, X-Other, Content-Length" };
  const annotations = { "custom-headers": "default/fields" };

  test("sets the fields of the ConfigMap, in place of the upstream's", () => {
    const configMaps = { "default/fields": { "X-Other": "a, b", "My-Field": "costs $5" } };
    const { policy } = parsePolicy(customHeaders, annotations, { config, configMaps });
    assert.deepEqual(policy, { fields: [["My-Field", "costs $5"], ["X-Other", "a, b"]] });
    const exchange = fakeExchange({ response: { "my-field": "upstream" } });
    runResponse(customHeaders.hooks(policy!), exchange);
    assert.deepEqual(exchange.response!.getAll("my-field"), ["costs $5"]);
  });

  const closed: [name: string, reference: string, data: Record<string, string>, message: RegExp][] = [
    ["a ConfigMap that is not there", "default/other", {}, /no ConfigMap "default\/other"/],
    ["a reference without namespace", "fields", {}, /want namespace\/name/],
    ["a field that is not allowed", "default/fields", { "X-Not": "1" }, /"X-Not" is not in global-allowed/],
    ["a name in another case", "default/fields", { "my-field": "1" }, /"my-field" is not in/],
    [
      "a field of the message itself",
      "default/fields",
      { "Content-Length": "1" },
      /"Content-Length" is about the message/,
    ],
    ["a value with a line end", "default/fields", { "My-Field": "a\r\nb" }, /printable ASCII/],
  ];
  for (const [name, reference, data, message] of closed) {
    test(`closes the locations for ${name}`, () => {
      const configMaps = { "default/fields": data };
      const { policy, denied } = parsePolicy(customHeaders, { "custom-headers": reference }, { config, configMaps });
      assert.equal(policy, undefined);
      assert.match(denied[0]!, message);
    });
  }
});
