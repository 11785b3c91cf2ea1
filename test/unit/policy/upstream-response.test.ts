import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { proxyCookie, type ProxyCookiePolicy, rewriteCookie } from "../../../src/policy/proxy-cookie.ts";
import { proxyRedirect } from "../../../src/policy/proxy-redirect.ts";
import { fakeAttempt, fakeExchange, runResponse } from "../../support/exchange.ts";
import { parsePolicy } from "../../support/policy.ts";

function cookies(
  annotations: Record<string, string>,
  config: Record<string, string> = {},
): ProxyCookiePolicy | undefined {
  return parsePolicy(proxyCookie, annotations, { config }).policy;
}

describe("proxy-cookie", () => {
  const both = { "proxy-cookie-path": "/old/ /new/", "proxy-cookie-domain": "in.example out.example" };
  const rows: [name: string, annotations: Record<string, string>, before: string, after: string][] = [
    [
      "replaces the domain",
      { "proxy-cookie-domain": "localhost b.org" },
      "a=1; Path=/x; Domain=localhost",
      "a=1; Path=/x; Domain=b.org",
    ],
    [
      "takes a dot before the domain for nothing, and keeps it",
      { "proxy-cookie-domain": ".in.example out.example" },
      "a=1; domain=.IN.example",
      "a=1; domain=.out.example",
    ],
    [
      "leaves other domains",
      { "proxy-cookie-domain": "localhost b.org" },
      "a=1;Domain=other.example",
      "a=1;Domain=other.example",
    ],
    [
      "leaves sub-domains",
      { "proxy-cookie-domain": "in.example b.org" },
      "a=1; Domain=x.in.example",
      "a=1; Domain=x.in.example",
    ],
    ["replaces the beginning of the path", { "proxy-cookie-path": "/one/ /" }, "a=1; Path=/one/x", "a=1; Path=/x"],
    [
      "keeps value and other attributes",
      both,
      "a=v=w; Path=/old/; Domain=in.example; Secure; HttpOnly; SameSite=Strict",
      "a=v=w; Path=/new/; Domain=out.example; Secure; HttpOnly; SameSite=Strict",
    ],
    ["does not take a cookie's name for an attribute", both, "domain=in.example; Secure", "domain=in.example; Secure"],
  ];
  for (const [name, annotations, before, after] of rows) {
    test(name, () => assert.equal(rewriteCookie(before, cookies(annotations)!), after));
  }

  // what nginx 1.22 makes of them with the same domains and paths
  const ofNginx: [before: string, after: string][] = [
    ["a=1; Domain=in.example; Path=/old/x", "a=1; Domain=out.example; Path=/new/x"],
    ["a = 1 ;  Domain=.in.example", "a=1; Domain=.out.example"],
    ["flag; Domain=in.example", "flag; Domain=in.example"],
    ["a=1;domain = .IN.example ;secure", "a=1; domain=.out.example; secure"],
    ["a=1; Domain=in.example;;", "a=1; Domain=out.example; ; "],
    ["a=1; Domain; Path", "a=1; Domain; Path"],
    ["a=1; Domain=; Domain=in.example", "a=1; Domain=; Domain=out.example"],
    ["a=1; Domain=..in.example", "a=1; Domain=..in.example"],
    ["a=1;Domain=in.example;x = y = z;HttpOnly", "a=1; Domain=out.example; x=y = z; HttpOnly"],
    ["a=1;\tDomain=in.example", "a=1;\tDomain=in.example"],
    ["a=1; Path=/OLD/", "a=1; Path=/OLD/"],
    ["=v; Domain=in.example", "=v; Domain=out.example"],
    ["a=; Path=/old/", "a=; Path=/new/"],
    ["  a=1; Domain=in.example", "a=1; Domain=out.example"],
  ];
  for (const [before, after] of ofNginx) {
    test(`makes of ${JSON.stringify(before)} what nginx does`, () => {
      const dotted = { "proxy-cookie-path": "/old/ /new/", "proxy-cookie-domain": ".in.example .out.example" };
      assert.equal(rewriteCookie(before, cookies(dotted)!), after);
    });
  }

  test("changes every cookie of an upstream's response, in order", () => {
    const exchange = fakeExchange({
      attempts: [fakeAttempt()],
      response: { "Set-Cookie": ["a=1; Path=/one/x", "b=2", "c=3; Path=/one/"] },
    });
    runResponse(proxyCookie.hooks(cookies({ "proxy-cookie-path": "/one/ /" })!), exchange);
    assert.deepEqual(exchange.response!.getAll("set-cookie"), ["a=1; Path=/x", "b=2", "c=3; Path=/"]);
  });

  test("the annotation's off holds against the ConfigMap, a value that is not valid does not", () => {
    const config = { "proxy-cookie-domain": "localhost global.example" };
    assert.equal(cookies({ "proxy-cookie-domain": "off" }, config), undefined);
    assert.equal(cookies({ "proxy-cookie-domain": "localhost" }, config)?.domain?.to, "global.example");
  });

  test("a regular expression is named as not honoured", () => {
    const { policy, findings } = parsePolicy(proxyCookie, { "proxy-cookie-path": "~a /b" });
    assert.equal(policy, undefined);
    assert.match(findings[0]!, /regular expressions are not supported/);
  });
});

describe("proxy-cookie without validation", () => {
  const run = (given: Record<string, string>, cookie: string) => {
    const { policy, findings } = parsePolicy(proxyCookie, given, { validate: false });
    const exchange = fakeExchange({ response: { "Set-Cookie": cookie }, attempts: [fakeAttempt()] });
    runResponse(policy && proxyCookie.hooks(policy), exchange);
    return { findings, cookie: exchange.response!.get("set-cookie") };
  };

  test("expands variables", () => {
    assert.equal(run({ "proxy-cookie-domain": "inner $host" }, "a=1; Domain=.inner").cookie, "a=1; Domain=.a.example");
    assert.equal(run({ "proxy-cookie-path": "/ /$host/" }, "a=1; Path=/x").cookie, "a=1; Path=/a.example/x");
  });

  // what nginx 1.22 makes of them
  const quoted: [rule: string, before: string, after: string][] = [
    ['/ "/; Secure; HttpOnly"', "a=1; Path=/", "a=1; Path=/; Secure; HttpOnly"],
    ["/a/ '/b c/'", "a=1; Path=/a/z; Secure", "a=1; Path=/b c/z; Secure"],
    ['/ ""', "a=1; Path=/a/z; Secure", "a=1; Path=a/z; Secure"],
    ['"/" /x/', "a=1; Path=/", "a=1; Path=/x/"],
    // but for line ends: these are escaped
    ['/ "/x\\r\\nX: y"', "a=1; Path=/", "a=1; Path=/x%0D%0AX: y"],
  ];
  for (const [rule, before, after] of quoted) {
    test(`reads the words of ${rule} as nginx does, of the ConfigMap, too`, () => {
      assert.equal(run({ "proxy-cookie-path": rule }, before).cookie, after);
      assert.equal(rewriteCookie(before, cookies({}, { "proxy-cookie-path": rule })!), after);
    });
  }

  test("names a regular expression as not honoured, with a $ in it, too", () => {
    const { findings } = run({ "proxy-cookie-domain": "~^(.+)$ $1.x" }, "a=1; Domain=x");
    assert.match(findings.join(), /regular expressions are not supported/);
  });

  test("reports what is no rule", () => {
    const { findings, cookie } = run({ "proxy-cookie-path": "/ /$" }, "a=1; Path=/x");
    assert.equal(cookie, "a=1; Path=/x");
    assert.match(findings.join(), /want off, or two texts: from and to/);
  });
});

describe("proxy-redirect", () => {
  const from = "http://inside.example:8080/";
  const annotations = { "proxy-redirect-from": from, "proxy-redirect-to": "http://outside.example/front/" };

  function response(
    fields: Record<string, string>,
    given: Record<string, string> = annotations,
  ): Record<string, string> {
    const { policy } = parsePolicy(proxyRedirect, given);
    const exchange = fakeExchange({ attempts: [fakeAttempt()], response: fields });
    if (policy !== undefined) runResponse(proxyRedirect.hooks(policy), exchange);
    return Object.fromEntries(exchange.response!);
  }

  test("replaces the beginning of Location", () => {
    assert.deepEqual(response({ Location: `${from}x?y=1` }), { Location: "http://outside.example/front/x?y=1" });
  });

  test("leaves other Locations", () => {
    assert.deepEqual(response({ Location: "http://elsewhere.example/" }), { Location: "http://elsewhere.example/" });
  });

  test("replaces the address in Refresh", () => {
    assert.deepEqual(response({ Refresh: `5; URL=${from}x` }), { Refresh: "5; URL=http://outside.example/front/x" });
    assert.deepEqual(response({ Refresh: "5" }), { Refresh: "5" });
  });

  test("a path becomes an absolute URL, as nginx's own redirects do", () => {
    const given = { "proxy-redirect-from": from, "proxy-redirect-to": "/front/" };
    assert.deepEqual(response({ Location: `${from}x` }, given), { Location: "http://a.example/front/x" });
    const relative = { ...given, "relative-redirects": "true" };
    assert.deepEqual(response({ Location: `${from}x` }, relative), { Location: "/front/x" });
  });

  test("a path names the port with use-port-in-redirects", () => {
    const given = { "proxy-redirect-from": from, "proxy-redirect-to": "/front/", "use-port-in-redirects": "true" };
    const { policy } = parsePolicy(proxyRedirect, given);
    const exchange = fakeExchange({
      response: { Location: `${from}x` },
      attempts: [fakeAttempt()],
      connection: { localPort: 8080 },
    });
    runResponse(proxyRedirect.hooks(policy!), exchange);
    assert.equal(exchange.response!.get("location"), "http://a.example:8080/front/x");
  });

  test("variables are expanded where annotations are not validated", () => {
    const given = { "proxy-redirect-from": "http://$host/", "proxy-redirect-to": "https://new.example$uri/" };
    const { policy } = parsePolicy(proxyRedirect, given, { validate: false });
    const exchange = fakeExchange({
      target: "/p",
      response: { Location: "http://a.example/x" },
      attempts: [fakeAttempt()],
    });
    runResponse(proxyRedirect.hooks(policy!), exchange);
    assert.equal(exchange.response!.get("location"), "https://new.example/p/x");
    const broken = parsePolicy(proxyRedirect, { ...given, "proxy-redirect-to": "$" }, { validate: false });
    assert.equal(broken.policy, undefined);
    assert.match(broken.findings.join(), /want a name or a digit after each \$/);
  });

  test("does nothing without both, or with off or default", () => {
    for (
      const given of [{ "proxy-redirect-from": from }, { ...annotations, "proxy-redirect-from": "off" }, {
        ...annotations,
        "proxy-redirect-from": "default",
      }]
    ) {
      assert.deepEqual(response({ Location: `${from}x` }, given), { Location: `${from}x` });
    }
  });

  test("leaves responses made here", () => {
    const { policy } = parsePolicy(proxyRedirect, annotations);
    const exchange = fakeExchange({ response: { Location: `${from}x` } });
    runResponse(proxyRedirect.hooks(policy!), exchange);
    assert.equal(exchange.response!.get("location"), `${from}x`);
  });
});
