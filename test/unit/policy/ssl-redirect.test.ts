import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sslRedirect, type SslRedirectPolicy } from "../../../src/policy/ssl-redirect.ts";
import { type FakeExchange, fakeExchange, fieldOf, runRequest } from "../../support/exchange.ts";
import { type FakeScope, fakeScope, parsePolicy } from "../../support/policy.ts";

function parsed(annotations: Record<string, string>, config: Record<string, string> = {}): SslRedirectPolicy {
  return parsePolicy(sslRedirect, annotations, { config }).policy!;
}

/** Location of the redirect, `undefined` for none. */
function redirected(
  annotations: Record<string, string>,
  exchange: FakeExchange,
  scope: FakeScope = { certificates: ["a.example"] },
): string | undefined {
  return fieldOf(
    runRequest(sslRedirect.hooks(parsed(annotations), fakeScope(scope)), fakeExchange(exchange)),
    "location",
  );
}

describe("ssl-redirect", () => {
  test("sends plain HTTP of a host with a certificate to HTTPS with 308", () => {
    const answer = runRequest(
      sslRedirect.hooks(parsed({}), fakeScope({ certificates: ["a.example"] })),
      fakeExchange({ target: "/foo/bar?x=1&y=%20z" }),
    );
    assert.deepEqual(answer, { status: 308, fields: [["Location", "https://a.example/foo/bar?x=1&y=%20z"]] });
  });

  test("leaves a host without certificate alone, unless forced", () => {
    assert.equal(redirected({ "ssl-redirect": "true" }, {}, {}), undefined);
    assert.equal(redirected({ "force-ssl-redirect": "true" }, { target: "/x" }, {}), "https://a.example/x");
  });

  test("leaves requests alone that came by HTTPS, here or at the outer proxy", () => {
    assert.equal(redirected({}, { tls: true }), undefined);
    assert.equal(redirected({}, { forwardedScheme: "https" }), undefined);
    assert.equal(redirected({}, { forwardedScheme: "HTTP" }), undefined, "only the exact text http");
  });

  test("drops the port of the host, and names the forwarded host", () => {
    assert.equal(redirected({}, { authority: "a.example:8080", target: "/x" }), "https://a.example/x");
    assert.equal(
      redirected({}, { authority: "a.example", forwardedHost: "[::1]:80", target: "/x" }),
      "https://[::1]/x",
    );
    assert.equal(redirected({}, { forwardedHost: "b.example", target: "/x" }), "https://b.example/x");
  });

  test("drops one trailing slash, of the query too, unless it is to be kept", () => {
    assert.equal(redirected({}, { target: "/" }), "https://a.example");
    assert.equal(redirected({}, { target: "/x//" }), "https://a.example/x/");
    assert.equal(redirected({}, { target: "/x?u=/" }), "https://a.example/x?u=");
    assert.equal(redirected({ "preserve-trailing-slash": "true" }, { target: "/x/" }), "https://a.example/x/");
  });

  test("names the port of HTTPS when asked to", () => {
    const scope = { certificates: ["a.example"], globals: { ports: { http: 80, https: 8443 } } };
    assert.equal(redirected({ "use-port-in-redirects": "true" }, { target: "/x" }, scope), "https://a.example:8443/x");
  });

  test("passes over locations that no-tls-redirect-locations names, by their path and not the request's", () => {
    const certificates = ["a.example"];
    assert.equal(redirected({}, { target: "/y" }, { certificates, path: "/.well-known/acme-challenge" }), undefined);
    assert.notEqual(
      redirected({}, { target: "/.well-known/acme-challenge/x" }, { certificates, path: "/" }),
      undefined,
    );
  });

  const rows: [name: string, annotations: Record<string, string>, config: Record<string, string>, when: string][] = [
    ["by default with a certificate", {}, {}, "has-certificate"],
    ["not when switched off", { "ssl-redirect": "F" }, {}, "never"],
    ["as the ConfigMap says", {}, { "ssl-redirect": "false" }, "never"],
    [
      "as the annotation says, against the ConfigMap",
      { "ssl-redirect": "TRUE" },
      { "ssl-redirect": "0" },
      "has-certificate",
    ],
    ["always when forced, even if switched off", { "force-ssl-redirect": "1", "ssl-redirect": "false" }, {}, "always"],
    ["as the ConfigMap forces", {}, { "force-ssl-redirect": "true" }, "always"],
    ["by default when the value is no boolean", { "ssl-redirect": "nope" }, {}, "has-certificate"],
  ];
  for (const [name, annotations, config, when] of rows) {
    test(`redirects ${name}`, () => assert.equal(parsed(annotations, config).when, when));
  }
});
