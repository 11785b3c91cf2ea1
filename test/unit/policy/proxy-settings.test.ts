import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PolicyModule } from "../../../src/policy/contract.ts";
import { defaultBackend } from "../../../src/policy/default-backend.ts";
import { loadBalance } from "../../../src/policy/load-balance.ts";
import { loadBalancingScheme } from "../../../src/policy/load-balancing-scheme.ts";
import { proxyBodySize } from "../../../src/policy/proxy-body-size.ts";
import { proxyBuffering } from "../../../src/policy/proxy-buffering.ts";
import { proxyHttpVersion } from "../../../src/policy/proxy-http-version.ts";
import { proxyNextUpstream } from "../../../src/policy/proxy-next-upstream.ts";
import { proxyRequestBuffering } from "../../../src/policy/proxy-request-buffering.ts";
import { proxyTimeouts } from "../../../src/policy/proxy-timeouts.ts";
import { serviceUpstream } from "../../../src/policy/service-upstream.ts";
import { parsePolicy } from "../../support/policy.ts";

type Row = [name: string, annotations: Record<string, string>, config: Record<string, string>, want: unknown];

/** Rows name the properties that count. */
function table<P>(module: PolicyModule<P>, rows: Row[]): void {
  describe(module.name, () => {
    for (const [name, annotations, config, want] of rows) {
      test(name, () => {
        const { policy } = parsePolicy<P>(module, annotations, { config });
        if (want === undefined) assert.equal(policy, undefined);
        else assert.deepEqual({ ...policy, ...(want as object) }, policy);
      });
    }
  });
}

const MIB = 1024 * 1024;

table(proxyBodySize, [
  ["1 MiB by default", {}, {}, { maxBodyBytes: MIB }],
  ["of the annotation", { "proxy-body-size": "500M" }, { "proxy-body-size": "8k" }, { maxBodyBytes: 500 * MIB }],
  ["of the ConfigMap", {}, { "proxy-body-size": "8k" }, { maxBodyBytes: 8192 }],
  ["without unit: bytes", { "proxy-body-size": "1000" }, {}, { maxBodyBytes: 1000 }],
  ["in gigabytes", { "proxy-body-size": "1g" }, {}, { maxBodyBytes: 1024 * MIB }],
  ["no limit", { "proxy-body-size": "0" }, {}, { maxBodyBytes: 0 }],
  ["no size: as not given", { "proxy-body-size": "many" }, { "proxy-body-size": "8k" }, { maxBodyBytes: 8192 }],
  ["with unit b: the default of nginx", { "proxy-body-size": "10b" }, { "proxy-body-size": "8k" }, {
    maxBodyBytes: MIB,
  }],
]);

table(proxyTimeouts, [
  ["defaults", {}, {}, { connectTimeoutMs: 5000, sendTimeoutMs: 60_000, readTimeoutMs: 60_000 }],
  ["of the annotation", { "proxy-read-timeout": "120" }, { "proxy-read-timeout": "7" }, { readTimeoutMs: 120_000 }],
  ["of the ConfigMap", {}, { "proxy-connect-timeout": "7" }, { connectTimeoutMs: 7000 }],
  ["with a unit: as not given", { "proxy-send-timeout": "20k" }, {}, { sendTimeoutMs: 60_000 }],
  ["0: as not given", { "proxy-send-timeout": "0" }, { "proxy-send-timeout": "9" }, { sendTimeoutMs: 9000 }],
  ["longer than any timer", { "proxy-read-timeout": "99999999999" }, {}, { readTimeoutMs: 2 ** 31 - 1 }],
]);

table(proxyNextUpstream, [
  ["defaults", {}, {}, {
    error: true,
    timeout: true,
    invalidHeader: false,
    statuses: [],
    nonIdempotent: false,
    tries: 3,
    timeoutMs: 0,
  }],
  ["statuses", { "proxy-next-upstream": "http_503  http_404 non_idempotent" }, {}, {
    error: false,
    timeout: false,
    statuses: [404, 503],
    nonIdempotent: true,
  }],
  ["off takes the rest away", { "proxy-next-upstream": "error off" }, {}, {
    error: false,
    timeout: false,
    statuses: [],
  }],
  ["an unknown condition: as not given", { "proxy-next-upstream": "error http_418" }, {}, {
    error: true,
    timeout: true,
  }],
  ["tries and time", { "proxy-next-upstream-tries": "0", "proxy-next-upstream-timeout": "2" }, {}, {
    tries: 0,
    timeoutMs: 2000,
  }],
  ["of the ConfigMap", {}, { "proxy-next-upstream": "http_500", "retry-non-idempotent": "true" }, {
    error: false,
    statuses: [500],
    nonIdempotent: true,
  }],
]);

table(proxyRequestBuffering, [
  ["defaults", {}, {}, { enabled: true, bodyBufferBytes: 8192 }],
  ["off", { "proxy-request-buffering": "off" }, {}, { enabled: false }],
  ["another word: as not given", { "proxy-request-buffering": "none" }, { "proxy-request-buffering": "off" }, {
    enabled: false,
  }],
  ["buffer", { "client-body-buffer-size": "1M" }, {}, { bodyBufferBytes: MIB }],
  ["buffer with unit b: that of the level above", { "client-body-buffer-size": "1b" }, {
    "client-body-buffer-size": "16k",
  }, { bodyBufferBytes: 16384 }],
]);

table(proxyHttpVersion, [
  ["defaults", {}, {}, { version: "1.1", connectionField: "" }],
  ["1.0", { "proxy-http-version": "1.0" }, {}, { version: "1.0" }],
  ["of the ConfigMap", {}, { "proxy-http-version": "1.0" }, { version: "1.0" }],
  ["another version: as not given", { "proxy-http-version": "2" }, {}, { version: "1.1" }],
  ["connection-proxy-header", { "connection-proxy-header": "keep-alive" }, {}, { connectionField: "keep-alive" }],
]);

table(proxyBuffering, [
  ["defaults", {}, {}, {
    enabled: false,
    bufferBytes: 4096,
    buffers: 4,
    maxTempFileBytes: 1024 * MIB,
  }],
  ["on", { "proxy-buffering": "on", "proxy-buffers-number": "8", "proxy-buffer-size": "16k" }, {}, {
    enabled: true,
    buffers: 8,
    bufferBytes: 16384,
  }],
  ["no files", { "proxy-max-temp-file-size": "0" }, {}, { maxTempFileBytes: 0 }],
  ["no size: as not given", { "proxy-max-temp-file-size": "huge" }, {}, { maxTempFileBytes: 1024 * MIB }],
]);

table(serviceUpstream, [
  ["off by default", {}, {}, undefined],
  ["on", { "service-upstream": "true" }, {}, { enabled: true }],
  ["of the ConfigMap", {}, { "service-upstream": "true" }, { enabled: true }],
  ["against the ConfigMap", { "service-upstream": "false" }, { "service-upstream": "true" }, undefined],
]);

table(loadBalance, [
  ["round robin by default", {}, {}, undefined],
  ["ewma", { "load-balance": "ewma" }, {}, { balancer: { kind: "ewma" } }],
  ["ewma of the ConfigMap", {}, { "load-balance": "ewma" }, { balancer: { kind: "ewma" } }],
  ["against the ConfigMap", { "load-balance": "round_robin" }, { "load-balance": "ewma" }, undefined],
  ["a hash goes before it", { "load-balance": "ewma", "upstream-hash-by": "$request_uri" }, {}, {
    balancer: { kind: "hash", key: "$request_uri", subsetSize: null },
  }],
  ["groups of three", { "upstream-hash-by": "$host", "upstream-hash-by-subset": "true" }, {}, {
    balancer: { kind: "hash", key: "$host", subsetSize: 3 },
  }],
  [
    "groups of a size",
    {
      "upstream-hash-by": "$host",
      "upstream-hash-by-subset": "true",
      "upstream-hash-by-subset-size": "2",
    },
    {},
    { balancer: { kind: "hash", key: "$host", subsetSize: 2 } },
  ],
]);

table(loadBalancingScheme, [
  ["absent", {}, {}, undefined],
  ["round-robin", { "load-balancing-scheme": "round-robin" }, {}, { scheme: "round-robin" }],
  ["another one", { "load-balancing-scheme": "least-conn" }, {}, undefined],
]);

table(defaultBackend, [
  ["absent", {}, {}, undefined],
  ["a Service of the namespace", { "default-backend": "fallback" }, {}, { service: "fallback" }],
  ["no name of a Service", { "default-backend": "other/fallback" }, {}, undefined],
]);

describe("load-balancing-scheme", () => {
  test("another scheme is named in a finding", () => {
    const { findings } = parsePolicy(loadBalancingScheme, { "load-balancing-scheme": "least-conn" });
    assert.deepEqual(findings, ['load-balancing-scheme: read load-balancing-scheme "least-conn": want round-robin']);
  });
});

describe("values that cost the Ingress", () => {
  const rows: [PolicyModule<unknown>, string, string][] = [
    [loadBalance, "load-balance", "least_conn"],
    [loadBalance, "upstream-hash-by", "$request_uri;x"],
    [loadBalance, "upstream-hash-by-subset", "perhaps"],
    [defaultBackend, "default-backend", "other/fallback"],
    [proxyHttpVersion, "connection-proxy-header", "upgrade"],
    [proxyRequestBuffering, "client-body-buffer-size", "much"],
  ];
  for (const [module, key, value] of rows) {
    test(`${key}: ${value}`, () => {
      assert.deepEqual(parsePolicy(module, { [key]: value }).invalid, [`${key}: drop-ingress`]);
    });
  }
});
