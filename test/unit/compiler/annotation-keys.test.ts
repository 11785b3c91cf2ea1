import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createCompiler } from "../../../src/compiler/mod.ts";
import { Store } from "../../../src/kube/mod.ts";
import { findAnnotation, knownAnnotations } from "../../../src/policy/mod.ts";
import { compilerOptions, configMap, ingress, service, slice } from "../../support/compiler.ts";

/** One Ingress with these annotations. */
function compile(annotations: Readonly<Record<string, string>>) {
  const store = new Store();
  store.apply({
    put: [
      ingress("app", { "a.example": { "/p": "echo" } }, { annotations }),
      service("echo", ["80:8080"]),
      slice("echo", ["10.0.0.1"]),
      configMap("default/fields", { "X-A": "1" }),
      configMap("system/configuration", {
        "annotations-risk-level": "Critical",
        "allow-snippet-annotations": "true",
        "global-allowed-response-headers": "X-A",
      }),
    ],
    remove: [],
  });
  const { snapshot, diagnostics } = createCompiler(compilerOptions({ configMap: "system/configuration" }))
    .compile(store, []);
  const locations = snapshot.virtualHosts["a.example"]?.locations ?? [];
  return {
    text: JSON.stringify(snapshot),
    told: (key: string): boolean =>
      diagnostics.some(({ annotation }) => annotation === `nginx.ingress.kubernetes.io/${key}`),
    closed: locations.length > 0 && locations.every(({ denied }) => denied !== null),
  };
}

/** A valid value that asks for something. Others: `true`. */
const SAMPLES: Readonly<Record<string, string>> = {
  "affinity": "cookie",
  "affinity-mode": "persistent",
  "allowlist-source-range": "10.0.0.0/8",
  "app-root": "/x",
  "backend-protocol": "HTTPS",
  "client-body-buffer-size": "3k",
  "configuration-snippet": "return 204;",
  "connection-proxy-header": "close",
  "cors-allow-credentials": "false",
  "cors-allow-headers": "X-A",
  "cors-allow-methods": "GET",
  "cors-allow-origin": "https://a.example",
  "cors-expose-headers": "X-A",
  "cors-max-age": "7",
  "custom-headers": "default/fields",
  "default-backend": "echo",
  "denylist-source-range": "10.0.0.0/8",
  "enable-access-log": "false",
  "load-balance": "ewma",
  "permanent-redirect": "/x",
  "permanent-redirect-code": "308",
  "proxy-body-size": "3k",
  "proxy-buffer-size": "3k",
  "proxy-buffering": "on",
  "proxy-buffers-number": "7",
  "proxy-busy-buffers-size": "3k",
  "proxy-connect-timeout": "7",
  "proxy-cookie-domain": "a b",
  "proxy-cookie-path": "/a /b",
  "proxy-http-version": "1.0",
  "proxy-max-temp-file-size": "3k",
  "proxy-next-upstream": "http_502",
  "proxy-next-upstream-timeout": "7",
  "proxy-next-upstream-tries": "7",
  "proxy-read-timeout": "7",
  "proxy-redirect-from": "http://a/",
  "proxy-redirect-to": "http://b/",
  "proxy-request-buffering": "off",
  "proxy-send-timeout": "7",
  "rewrite-target": "/x",
  "server-alias": "b.example",
  "server-snippet": "return 204;",
  "session-cookie-domain": "a.example",
  "session-cookie-expires": "7",
  "session-cookie-max-age": "7",
  "session-cookie-name": "other",
  "session-cookie-path": "/x",
  "session-cookie-samesite": "Lax",
  "ssl-redirect": "false",
  "temporal-redirect": "http://x/",
  "temporal-redirect-code": "307",
  "upstream-hash-by": "$request_uri",
  "upstream-hash-by-subset-size": "7",
  "upstream-vhost": "b.example",
  "whitelist-source-range": "10.0.0.0/8",
  "x-forwarded-prefix": "/x",
};

/** What these need beside them. */
const TOGETHER: readonly (readonly [key: RegExp, annotations: Readonly<Record<string, string>>])[] = [
  [/^affinity-mode|^session-cookie-/, { "affinity": "cookie" }],
  [/^cors-/, { "enable-cors": "true" }],
  [/^permanent-redirect-code|^relative-redirects/, { "permanent-redirect": "/x" }],
  [/^temporal-redirect-code/, { "temporal-redirect": "http://x/" }],
  [/^proxy-redirect-from/, { "proxy-redirect-to": "http://b/" }],
  [/^proxy-redirect-to/, { "proxy-redirect-from": "http://a/" }],
  [/^upstream-hash-by-subset$/, { "upstream-hash-by": "$request_uri" }],
  [/^upstream-hash-by-subset-size/, { "upstream-hash-by": "$request_uri", "upstream-hash-by-subset": "true" }],
  [/^x-forwarded-prefix/, { "rewrite-target": "/x" }],
];

describe("each annotation", () => {
  for (const { key, guardsAccess, flag } of knownAnnotations) {
    test(`${key} changes what is served, or is told not to be honoured`, () => {
      const others = TOGETHER.find(([name]) => name.test(key))?.[1] ?? {};
      const annotations = { ...others, [key]: SAMPLES[key] ?? "true" };
      const with_ = compile(annotations);
      assert.ok(with_.told(key) || with_.text !== compile(others).text, JSON.stringify(annotations));
    });

    if (!guardsAccess || findAnnotation(key) !== undefined) continue;
    test(`${key} closes its paths, as nobody honours it, or is a note without its flag`, () => {
      const { closed, told } = compile({ [key]: "true" });
      // what has no effect in ingress-nginx without its flag has none here
      assert.ok(closed === (flag === undefined) && told(key));
    });
  }

  for (
    const [key, value, others] of [
      ["upstream-hash-by", "$nowhere", {}],
      ["upstream-hash-by", "a${", {}],
      ["upstream-vhost", "$nowhere.example", {}],
      ["rewrite-target", "/$nowhere", {}],
      ["app-root", "/$nowhere", {}],
      ["x-forwarded-prefix", "/$nowhere", { "rewrite-target": "/x" }],
    ] as const
  ) {
    test(`${key} "${value}" is told, as it has a name that nobody knows`, () => {
      assert.ok(compile({ ...others, [key]: value }).told(key));
    });
  }

  test("variables that a snippet sets are known", () => {
    const annotations = { "upstream-vhost": "$mine", "configuration-snippet": "set $mine a.example;" };
    assert.ok(!compile(annotations).told("upstream-vhost"));
  });

  for (const algorithm of ["chash", "chashsubset", "sticky_balanced", "sticky_persistent"]) {
    test(`load-balance: ${algorithm} is told not to be honoured without what it works by`, () => {
      assert.ok(compile({ "load-balance": algorithm }).told("load-balance"));
    });
  }

  test("load-balance: chash is not told beside upstream-hash-by, which goes before it", () => {
    assert.ok(!compile({ "load-balance": "chash", "upstream-hash-by": "$request_uri" }).told("load-balance"));
  });
});
