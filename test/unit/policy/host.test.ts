import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { appRoot } from "../../../src/policy/app-root.ts";
import { serverAlias } from "../../../src/policy/server-alias.ts";
import { useRegex } from "../../../src/policy/use-regex.ts";
import { upstreamVhost } from "../../../src/policy/upstream-vhost.ts";
import { xForwardedPrefix } from "../../../src/policy/x-forwarded-prefix.ts";
import { accessLog } from "../../../src/policy/access-log.ts";
import { fakeExchange, fieldOf, runRequest } from "../../support/exchange.ts";
import { fakeScope, parsePolicy } from "../../support/policy.ts";

describe("app-root", () => {
  const hooks = appRoot.hooks({ path: "/app1" });

  test("redirects / to the path, with the Host field and the scheme of the connection, without the query", () => {
    const answer = runRequest(
      hooks,
      fakeExchange({ authority: "a.example:8080", target: "/?a=b", tls: true, forwardedScheme: "http" }),
    );
    assert.equal(answer?.status, 302);
    assert.equal(fieldOf(answer, "location"), "https://a.example:8080/app1");
  });

  test("passes other paths", () => {
    assert.equal(runRequest(hooks, fakeExchange({ target: "/app1" })), undefined);
  });

  test("takes absolute paths only", () => {
    assert.deepEqual(parsePolicy(appRoot, { "app-root": "/app1" }).policy, { path: "/app1" });
    const relative = parsePolicy(appRoot, { "app-root": "app1" });
    assert.equal(relative.policy, undefined);
    assert.match(relative.findings[0]!, /want an absolute path/);
    assert.deepEqual(parsePolicy(appRoot, { "app-root": "/a b" }).invalid, ["app-root: ignore"]);
  });
});

describe("server-alias", () => {
  test("splits at commas, trims, sorts, and drops what is there twice", () => {
    const { policy } = parsePolicy(serverAlias, { "server-alias": "d.example, b.example,, ~^www\\d+\\.b$ ,b.example" });
    assert.deepEqual(policy, { aliases: ["b.example", "d.example", "~^www\\d+\\.b$"] });
  });

  test("an alias with forbidden characters costs the Ingress", () => {
    assert.deepEqual(parsePolicy(serverAlias, { "server-alias": "b.example;return" }).invalid, [
      "server-alias: drop-ingress",
    ]);
  });

  test("an empty list is none", () => {
    assert.equal(parsePolicy(serverAlias, { "server-alias": " , " }).policy, undefined);
  });
});

describe("use-regex", () => {
  for (const [value, want] of [["true", true], ["T", true], ["false", false], ["yes please", false]] as const) {
    test(`${value} -> ${want}`, () => {
      assert.equal(parsePolicy(useRegex, { "use-regex": value }).policy !== undefined, want);
    });
  }
});

describe("enable-access-log", () => {
  test("is there only when nothing is to be logged", () => {
    assert.equal(parsePolicy(accessLog, {}).policy, undefined);
    assert.equal(parsePolicy(accessLog, { "enable-access-log": "true" }).policy, undefined);
    assert.deepEqual(parsePolicy(accessLog, { "enable-access-log": "false" }).policy, { enabled: false });
  });
});

describe("x-forwarded-prefix", () => {
  function prefix(value: string, captures: (string | undefined)[] = []): string | undefined {
    const { policy } = parsePolicy(xForwardedPrefix, { "x-forwarded-prefix": value, "rewrite-target": "/$2" });
    const exchange = fakeExchange({ captures, headers: { "X-Forwarded-Prefix": "/liar" } });
    runRequest(xForwardedPrefix.hooks(policy!, fakeScope({ path: "/t/([a-z]+)/(.*)" })), exchange);
    return exchange.request.get("x-forwarded-prefix");
  }

  test("is set in place of the client's, with captures of the rewrite", () => {
    assert.equal(prefix("/sub"), "/sub");
    assert.equal(prefix("/t/$1", ["/t/acme/x", "acme", "x"]), "/t/acme");
  });

  test("cannot be broken by a decoded line end", () => {
    assert.equal(prefix("/t/$1", ["", "a\r\nX-Y: 1"]), "/t/a%0D%0AX-Y: 1");
  });

  test("an empty value sends none", () => {
    assert.equal(prefix("$1", ["", undefined]), undefined);
  });

  test("does nothing without a rewrite", () => {
    assert.equal(parsePolicy(xForwardedPrefix, { "x-forwarded-prefix": "/sub" }).policy, undefined);
    assert.equal(xForwardedPrefix.hooks({ value: "/sub", target: "/sub" }, fakeScope({ path: "/sub" })), undefined);
  });
});

describe("upstream-vhost", () => {
  test("sets Host for the upstream and leaves the forwarded host", () => {
    const exchange = fakeExchange();
    runRequest(upstreamVhost.hooks({ host: "inner.example" }), exchange);
    assert.deepEqual(exchange.request.getAll("host"), ["inner.example"]);
    assert.equal(exchange.forwardedHost, "a.example");
  });

  test("forbidden characters cost the Ingress", () => {
    assert.deepEqual(parsePolicy(upstreamVhost, { "upstream-vhost": "inner.example;deny" }).invalid, [
      "upstream-vhost: drop-ingress",
    ]);
  });
});
