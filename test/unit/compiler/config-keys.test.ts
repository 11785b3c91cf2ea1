import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createCompiler } from "../../../src/compiler/mod.ts";
import { Store } from "../../../src/kube/mod.ts";
import { CONFIG_KEYS, UNHONOURED_KEYS } from "../../../src/policy/mod.ts";
import { compilerOptions, configMap, ingress, service, slice } from "../../support/compiler.ts";

/** Served by a ConfigMap with these data; the Ingresses have something for keys that only matter to annotations. */
function compile(data: Readonly<Record<string, string>>) {
  const store = new Store();
  store.apply({
    put: [
      ingress("app", { "a.example": { "/": "echo" } }),
      ingress("redirected", { "b.example": { "/": "echo" } }, { annotations: { "temporal-redirect": "http://x/" } }),
      ingress("moved", { "c.example": { "/": "echo" } }, { annotations: { "permanent-redirect": "/elsewhere" } }),
      ingress("fielded", { "d.example": { "/": "echo" } }, { annotations: { "custom-headers": "default/fields" } }),
      ingress("foreign", { "e.example": { "/": "echo" } }, { annotations: { "custom-headers": "other/fields" } }),
      ingress("snippet", { "f.example": { "/": "echo" } }, { annotations: { "configuration-snippet": "return 204;" } }),
      service("echo", ["80:8080"]),
      slice("echo", ["10.0.0.1"]),
      configMap("default/fields", { "X-A": "1" }),
      configMap("other/fields", { "X-A": "1" }),
      configMap("system/configuration", {
        "annotations-risk-level": "Critical",
        "allow-snippet-annotations": "true",
        "global-allowed-response-headers": "X-A",
        ...data,
      }),
    ],
    remove: [],
  });
  const { snapshot, diagnostics } = createCompiler(compilerOptions({ configMap: "system/configuration" }))
    .compile(store, []);
  return { snapshot: JSON.stringify(snapshot), diagnostics };
}

/** A value other than the default and than that of `compile`, where it is not told by the default. */
const SAMPLES: Readonly<Record<string, string>> = {
  "add-headers": "default/fields",
  "allow-snippet-annotations": "false",
  "annotation-value-word-blocklist": "elsewhere",
  "annotations-risk-level": "Low",
  "bind-address": "127.0.0.1",
  "block-cidrs": "10.0.0.0/8",
  "brotli-types": "text/x-a",
  "custom-http-errors": "404",
  "denylist-source-range": "10.0.0.0/8",
  "disable-ipv6-dns": "true",
  "gzip-disable": "MSIE",
  "gzip-types": "text/x-a",
  "hide-headers": "X-A",
  "http-redirect-code": "301",
  "large-client-header-buffers": "2 4k",
  "load-balance": "ewma",
  "log-format-upstream": "$status",
  "proxy-buffering": "on",
  "proxy-cookie-domain": "a b",
  "proxy-cookie-path": "/a /b",
  "proxy-http-version": "1.0",
  "proxy-next-upstream": "http_502",
  "proxy-real-ip-cidr": "10.0.0.0/8",
  "proxy-redirect-from": "http://a/",
  "proxy-redirect-to": "http://b/",
  "proxy-request-buffering": "off",
  "proxy-set-headers": "default/fields",
  "ssl-ciphers": "ECDHE-RSA-AES128-GCM-SHA256",
  "ssl-protocols": "TLSv1.3",
  "upstream-keepalive-time": "7m",
  "whitelist-source-range": "10.0.0.0/8",
  "worker-processes": "2",
  "worker-shutdown-timeout": "7s",
};

/** Keys that show only together with another. */
const TOGETHER: readonly (readonly [prefix: string, data: Readonly<Record<string, string>>])[] = [
  ["ssl-session-tickets", { "ssl-session-cache": "false" }],
  ["gzip-", { "use-gzip": "true" }],
  ["brotli-", { "enable-brotli": "true" }],
  ["proxy-redirect-from", { "proxy-redirect-to": "http://b/" }],
  ["proxy-redirect-to", { "proxy-redirect-from": "http://a/" }],
];

/** Of the admission webhook alone, which there is none of: nothing is validated, as `false` asks. */
const NOTHING_TO_SEE: readonly string[] = ["strict-validate-path-type"];

/** Keys whose value may be any text, or that have messages of their own about parts of it. */
const FREE_TEXT: readonly string[] = [
  "access-log-path",
  "annotation-value-word-blocklist",
  "block-referers",
  "block-user-agents",
  "global-allowed-response-headers",
  "http-access-log-path",
  "log-format-upstream",
  "no-tls-redirect-locations",
  "proxy-redirect-from",
  "proxy-redirect-to",
  "skip-access-log-urls",
];

function sampleOf(key: string, value: string): string {
  return SAMPLES[key] ??
    (value === "true"
      ? "false"
      : value === "false"
      ? "true"
      : /^[0-9]+$/.test(value)
      ? "7"
      : /^[0-9]+[kms]$/.test(value)
      ? value.replace(/^[0-9]+/, "7")
      : "some-value");
}

describe("each key of the ConfigMap", () => {
  for (const [key, { text: usual }] of Object.entries({ ...CONFIG_KEYS, ...UNHONOURED_KEYS })) {
    const others = TOGETHER.find(([prefix]) => key.startsWith(prefix))?.[1] ?? {};
    const told = (data: Readonly<Record<string, string>>): boolean =>
      compile(data).diagnostics.some(({ field }) => field === `data.${key}`);

    test(`${key} changes what is served, or is told not to be honoured`, () => {
      if (NOTHING_TO_SEE.includes(key)) return;
      const data = { ...others, [key]: sampleOf(key, usual) };
      assert.ok(told(data) || compile(data).snapshot !== compile(others).snapshot, JSON.stringify(data));
    });

    test(`${key} with a value that cannot be read is told`, () => {
      if (!NOTHING_TO_SEE.includes(key) && !FREE_TEXT.includes(key)) assert.ok(told({ ...others, [key]: "(ba{d;" }));
    });
  }

  for (
    const [key, value] of [
      ["block-user-agents", "~("],
      ["block-cidrs", "10.0.0.0/99"],
      ["gzip-disable", "(?<=a+)b"],
      ["log-format-upstream", "cost: $ 5"],
      ["log-format-upstream", "$status $geoip2_city_name $geoip2_city_name"],
      ["proxy-connect-timeout", "0"],
      ["proxy-cookie-path", "~a b"],
      ["proxy-redirect-from", "~a"],
      ["skip-access-log-urls", "/a,~("],
    ] as const
  ) {
    test(`${key} "${value}" is told once`, () => {
      const { diagnostics } = compile({ "proxy-redirect-to": "http://b/", [key]: value });
      assert.equal(diagnostics.filter(({ field }) => field === `data.${key}`).length, 1);
    });
  }
});
