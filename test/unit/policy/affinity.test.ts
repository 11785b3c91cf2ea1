import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { affinity, affinityCookie, type AffinityPolicy } from "../../../src/policy/affinity.ts";
import { fakeAttempt, fakeExchange, runResponse } from "../../support/exchange.ts";
import { type FakeSurroundings, parsePolicy } from "../../support/policy.ts";
import { fakeCookie } from "../../support/snapshot.ts";

const DEFAULTS: AffinityPolicy = {
  mode: null,
  changeOnFailure: false,
  cookie: fakeCookie("INGRESSCOOKIE"),
};

const parse = (annotations: Record<string, string>, around?: FakeSurroundings) =>
  parsePolicy(affinity, annotations, around);

describe("affinity", () => {
  test("is not there unless asked for", () => {
    assert.equal(parse({}).policy, undefined);
    assert.equal(parse({ "session-cookie-name": "x" }).policy, undefined);
    assert.equal(parsePolicy(affinityCookie, {}).policy, undefined);
  });

  test("has ingress-nginx's defaults", () => {
    assert.deepEqual(parse({ affinity: "cookie" }).policy, DEFAULTS);
    assert.deepEqual(parsePolicy(affinityCookie, { affinity: "cookie" }).policy, { enabled: true });
  });

  test("reads every annotation", () => {
    const { policy, findings } = parse({
      "affinity": "cookie",
      "affinity-mode": "persistent",
      "session-cookie-name": "route",
      "session-cookie-path": "/a?b=c",
      "session-cookie-domain": "foo.bar",
      "session-cookie-samesite": "Strict",
      "session-cookie-conditional-samesite-none": "true",
      "session-cookie-expires": "172800",
      "session-cookie-max-age": "-1",
      "session-cookie-secure": "true",
      "session-cookie-change-on-failure": "true",
    });
    assert.deepEqual(policy, {
      mode: "persistent",
      changeOnFailure: true,
      cookie: {
        name: "route",
        path: "/a?b=c",
        domain: "foo.bar",
        sameSite: "Strict",
        conditionalSameSiteNone: true,
        expiresSeconds: 172_800,
        maxAgeSeconds: -1,
        secure: true,
      },
    });
    assert.deepEqual(findings, []);
  });

  test("may say the mode and leave the rest to other Ingresses", () => {
    assert.deepEqual(parse({ "affinity-mode": "persistent" }).policy, {
      mode: "persistent",
      changeOnFailure: false,
      cookie: null,
    });
  });

  for (const validate of [true, false]) {
    test(`takes invalid values for not given, ${validate ? "validated" : "not validated"}`, () => {
      const { policy, invalid } = parse({
        "affinity": "cookie",
        "affinity-mode": "sticky",
        "session-cookie-name": "bad;name",
        "session-cookie-path": "/a;b",
        "session-cookie-domain": "a b",
        "session-cookie-samesite": "never",
        "session-cookie-conditional-samesite-none": "yes",
        "session-cookie-expires": "soon",
        "session-cookie-max-age": "010",
        "session-cookie-secure": "always",
        "session-cookie-change-on-failure": "on",
      }, { validate });
      assert.deepEqual(policy, DEFAULTS);
      assert.equal(invalid.length, validate ? 10 : 0);
      assert.ok(invalid.every((each) => each.endsWith(": ignore")));
    });
  }

  test("is not switched on by anything but cookie", () => {
    assert.equal(parse({ affinity: "ip" }).policy, undefined);
    assert.equal(parse({ affinity: "ip" }, { validate: false }).policy, undefined);
  });

  for (const text of ["lax", "LAX", "Lax"]) {
    test(`writes SameSite ${text} as browsers do`, () => {
      const { policy } = parse({ "affinity": "cookie", "session-cookie-samesite": text });
      assert.equal(policy?.cookie?.sameSite, "Lax");
    });
  }

  test("warns of a cookie that no browser would send back", () => {
    const regex = { "affinity": "cookie", "use-regex": "true" };
    const around = { paths: ["/foo/.*"] };
    assert.match(parse(regex, around).findings.join(), /^affinity: .*want session-cookie-path$/);
    assert.deepEqual(parse({ ...regex, "session-cookie-path": "/foo" }, around).findings, []);
    assert.deepEqual(parse(regex, { paths: ["/foo"] }).findings, []);
    assert.deepEqual(parse({ affinity: "cookie" }, around).findings, []);
  });

  test("says that affinity-canary-behavior has no effect", () => {
    const { policy, findings } = parse({ "affinity-canary-behavior": "legacy" });
    assert.equal(policy, undefined);
    assert.match(findings.join(), /canary Ingresses, which are not honoured yet/);
  });
});

describe("affinity-cookie", () => {
  const hooks = affinityCookie.hooks();
  const answered = (given: Parameters<typeof fakeExchange>[0]): string[] => {
    const exchange = fakeExchange({ response: { "Set-Cookie": "own=1" }, attempts: [fakeAttempt()], ...given });
    runResponse(hooks, exchange);
    return exchange.response!.getAll("set-cookie");
  };

  test("adds the cookie that the balancer made to those of the upstream", () => {
    assert.deepEqual(answered({ affinityCookie: "a=b; Path=/" }), ["own=1", "a=b; Path=/"]);
  });

  test("adds nothing when the client keeps what it has", () => {
    assert.deepEqual(answered({}), ["own=1"]);
    assert.deepEqual(answered({ affinityCookie: null }), ["own=1"]);
  });

  test("does not bind a client to an endpoint that did not answer", () => {
    const attempts = [fakeAttempt({ headerMs: -1, status: 502 })];
    assert.deepEqual(answered({ affinityCookie: "a=b", attempts }), ["own=1"]);
    assert.deepEqual(answered({ affinityCookie: "a=b", attempts: [] }), ["own=1"]);
  });
});
