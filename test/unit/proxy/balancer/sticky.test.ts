import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import type { Exchange, LocationFacts } from "../../../../src/http/exchange.ts";
import { Sticky, type StickySpec } from "../../../../src/proxy/balancer/mod.ts";
import { knowsSameSiteNone } from "../../../../src/proxy/balancer/affinity-cookie.ts";
import type { AffinityCookie, Endpoint } from "../../../../src/snapshot/snapshot.ts";
import { type FakeExchange, fakeExchange } from "../../../support/exchange.ts";
import { fakeCookie } from "../../../support/snapshot.ts";
import { describeBalancer, endpoints } from "./balancer.case.ts";

const UPSTREAM = "default-echo-80";
const MODES = ["balanced", "persistent"] as const;

const COOKIE = fakeCookie("INGRESSCOOKIE");

function sticky(
  mode: StickySpec["mode"],
  given: { readonly changeOnFailure?: boolean; readonly cookie?: Partial<AffinityCookie> } = {},
): Sticky {
  const { changeOnFailure = false, cookie } = given;
  const spec: StickySpec = { kind: "sticky", mode, changeOnFailure, cookie: { ...COOKIE, ...cookie } };
  return new Sticky({ upstream: UPSTREAM, spec, nowMs: () => 1_700_000_000_000 });
}

/** A client that comes without a cookie: its endpoint, and the cookie that it is given. */
function newcomer(balancer: Sticky, given: FakeExchange = {}): { endpoint: Endpoint; cookie: string; field: string } {
  const exchange = fakeExchange(given);
  const endpoint = balancer.pick(exchange, [])!;
  const field = exchange.affinityCookie!;
  return { endpoint, field, cookie: field.slice(0, field.indexOf(";")) };
}

const withCookie = (cookie: string): Exchange => fakeExchange({ headers: { Cookie: cookie } });
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

for (const mode of MODES) {
  // a client that has a cookie is an exception to the rule that retries go elsewhere: see below
  describeBalancer(`Sticky (${mode}), for clients without a cookie,`, () => sticky(mode));

  describe(`Sticky (${mode})`, () => {
    it("spreads newcomers, and binds each to its endpoint, here and in other replicas", () => {
      const [one, other] = [sticky(mode), sticky(mode)];
      one.update(endpoints(4));
      other.update(endpoints(4).reverse());
      const seen = new Set<string>();
      for (let i = 0; i < 100; i++) {
        const { endpoint, cookie } = newcomer(one);
        seen.add(endpoint.address);
        for (const replica of [one, other]) {
          const again = withCookie(`a=b; ${cookie}; c=d`);
          assert.equal(replica.pick(again, [])!.address, endpoint.address);
          assert.equal(again.affinityCookie ?? null, null, "no new cookie");
        }
      }
      assert.equal(seen.size, 4);
    });

    it("accepts a cookie that has a key and nothing else", () => {
      const balancer = sticky(mode);
      balancer.update(endpoints(4));
      const { endpoint, cookie } = newcomer(balancer);
      const exchange = withCookie(cookie.slice(0, cookie.indexOf("|")));
      assert.equal(balancer.pick(exchange, [])!.address, endpoint.address);
    });

    it("tells its cookie from one of the same name for another Service of the host", () => {
      const balancer = sticky(mode);
      balancer.update(endpoints(4));
      const foreign = `INGRESSCOOKIE=${md5("x")}|${md5("y")}`;
      for (let i = 0; i < 20; i++) {
        const { endpoint, cookie } = newcomer(balancer);
        for (const both of [`${foreign}; ${cookie}`, `${cookie}; ${foreign}`]) {
          assert.equal(balancer.pick(withCookie(both), [])!.address, endpoint.address);
        }
      }
    });

    it("stays with an endpoint that fails, whatever is tried already", () => {
      const balancer = sticky(mode);
      balancer.update(endpoints(3));
      const { endpoint, cookie } = newcomer(balancer);
      const exchange = withCookie(cookie);
      const tried: Endpoint[] = [];
      for (let i = 0; i < 4; i++) {
        tried.push(balancer.pick(exchange, tried, [endpoint])!);
        assert.equal(tried.at(-1)!.address, endpoint.address);
      }
      assert.equal(exchange.affinityCookie ?? null, null);
    });

    it("gives another endpoint and another cookie after a failure with change-on-failure", () => {
      const balancer = sticky(mode, { changeOnFailure: true });
      balancer.update(endpoints(3));
      const { endpoint, cookie } = newcomer(balancer);
      const exchange = withCookie(cookie);
      assert.equal(balancer.pick(exchange, [], [endpoint])!.address, endpoint.address, "the session is there");
      const next = balancer.pick(exchange, [endpoint])!;
      assert.notEqual(next.address, endpoint.address);
      const last = balancer.pick(exchange, [endpoint, next])!;
      assert.ok(![endpoint.address, next.address].includes(last.address));
      const [fresh] = exchange.affinityCookie!.split(";");
      assert.equal(balancer.pick(withCookie(fresh!), [])!.address, last.address);
    });

    it("lets a client with change-on-failure keep its cookie when there is no other endpoint", () => {
      const balancer = sticky(mode, { changeOnFailure: true });
      balancer.update(endpoints(1));
      const { endpoint, cookie } = newcomer(balancer);
      const exchange = withCookie(cookie);
      assert.equal(balancer.pick(exchange, [endpoint])!.address, endpoint.address);
      assert.equal(exchange.affinityCookie, null);
    });

    it("gives new clients endpoints in proportion to their weights", () => {
      const balancer = sticky(mode);
      balancer.update(endpoints(2).map((each, i) => ({ ...each, weight: i === 0 ? 4 : 1 })));
      let heavy = 0;
      for (let i = 0; i < 2_000; i++) if (newcomer(balancer).endpoint.address === "10.0.0.1") heavy++;
      assert.ok(heavy > 1_400 && heavy < 1_800, `${heavy} of 2000, want about 1600`);
    });

    it("knows the clients that it has bound, and those of other upstreams", () => {
      const balancer = sticky(mode);
      balancer.update(endpoints(2));
      const { cookie } = newcomer(balancer);
      const of = (exchange: Exchange): boolean => balancer.isBound(exchange);
      assert.equal(of(withCookie(`a=b; ${cookie}`)), true);
      assert.equal(of(fakeExchange()), false);
      assert.equal(of(withCookie("INGRESSCOOKIE=key")), false, "a key that no upstream has made");
      const other = new Sticky({
        upstream: "default-other-80",
        spec: { kind: "sticky", mode, changeOnFailure: false, cookie: COOKIE },
      });
      other.update(endpoints(2));
      assert.equal(of(withCookie(newcomer(other).cookie)), false);
      assert.equal(of(withCookie(`${newcomer(other).cookie}; ${cookie}`)), true);
      balancer.update([]);
      assert.equal(of(withCookie(cookie)), true, "its endpoints do not matter");
    });

    it("gives new clients no ejected endpoint", () => {
      const balancer = sticky(mode);
      const all = endpoints(3);
      balancer.update(all);
      for (let i = 0; i < 50; i++) {
        assert.notEqual(balancer.pick(fakeExchange(), [], [all[0]!])!.address, "10.0.0.1");
      }
    });

    it("gives somebody else's cookie, garbage and an empty one no trouble", () => {
      const balancer = sticky(mode);
      balancer.update(endpoints(3));
      for (const value of ["", "|", "||", "x|y|z", "\xff", "=", '"a"', "a".repeat(8_000)]) {
        assert.notEqual(balancer.pick(withCookie(`INGRESSCOOKIE=${value}`), []), undefined, value);
      }
    });
  });
}

describe("Sticky (balanced)", () => {
  it("moves only the clients of an endpoint that leaves, and tells them nothing", () => {
    const balancer = sticky("balanced");
    balancer.update(endpoints(5));
    const clients = Array.from({ length: 200 }, () => newcomer(balancer));
    balancer.update(endpoints(4));
    for (const { endpoint, cookie } of clients) {
      const exchange = withCookie(cookie);
      const now = balancer.pick(exchange, [])!.address;
      if (endpoint.address !== "10.0.0.5") assert.equal(now, endpoint.address);
      assert.equal(exchange.affinityCookie ?? null, null);
    }
  });

  it("has keys of a time, a process and a number", () => {
    const balancer = sticky("balanced");
    balancer.update(endpoints(1));
    assert.match(newcomer(balancer).cookie, /^INGRESSCOOKIE=1700000001\.000\.\d+\.\d{1,6}\|[0-9a-f]{32}$/);
  });
});

describe("Sticky (persistent)", () => {
  it("keeps clients with their endpoints when others come, and gives those of one that left another one", () => {
    const balancer = sticky("persistent");
    balancer.update(endpoints(2));
    const clients = Array.from({ length: 20 }, () => newcomer(balancer));
    balancer.update(endpoints(9));
    for (const { endpoint, cookie } of clients) {
      assert.equal(balancer.pick(withCookie(cookie), [])!.address, endpoint.address);
    }
    balancer.update(endpoints(9).slice(2));
    const exchange = withCookie(clients[0]!.cookie);
    assert.ok(!["10.0.0.1", "10.0.0.2"].includes(balancer.pick(exchange, [])!.address));
    assert.match(exchange.affinityCookie!, /^INGRESSCOOKIE=/);
  });

  it("has the digest of upstream and address as the key", () => {
    const balancer = sticky("persistent");
    balancer.update([{ address: "::1", port: 80, pod: "", weight: 1 }]);
    const id = md5(md5(UPSTREAM) + UPSTREAM);
    assert.equal(newcomer(balancer).cookie, `INGRESSCOOKIE=${md5(`${UPSTREAM}[::1]:80`)}|${id}`);
  });
});

describe("the cookie of affinity", () => {
  const facts = (path: string): LocationFacts => ({
    namespace: "default",
    ingressName: "app",
    serviceName: "echo",
    servicePort: "80",
    path,
    upstreamName: UPSTREAM,
    alternativeUpstreamName: "",
  });
  const attributes = (cookie: Partial<AffinityCookie>, given: FakeExchange = {}): string => {
    const balancer = sticky("balanced", { cookie });
    balancer.update(endpoints(2));
    const { field } = newcomer(balancer, { location: facts("/app"), ...given });
    return field.slice(field.indexOf(";") + 2);
  };

  for (
    const [what, cookie, given, wanted] of [
      ["has the path of the Ingress and is HttpOnly", {}, {}, "Path=/app; HttpOnly"],
      ["has a path of its own", { path: "/x" }, {}, "Path=/x; HttpOnly"],
      ["is Secure over HTTPS", {}, { scheme: "https" }, "Path=/app; Secure; HttpOnly"],
      ["is Secure by force", { secure: true }, {}, "Path=/app; Secure; HttpOnly"],
      ["has a Domain", { domain: "foo.bar" }, {}, "Domain=foo.bar; Path=/app; HttpOnly"],
      [
        "has Expires and Max-Age",
        { expiresSeconds: 172_800, maxAgeSeconds: -5 },
        {},
        "Expires=Thu, 16 Nov 2023 22:13:20 GMT; Max-Age=-5; Path=/app; HttpOnly",
      ],
      [
        "has Expires within what a date can tell",
        { expiresSeconds: 999_999_999_999 },
        {},
        "Expires=Fri, 31 Dec 9999 23:59:59 GMT; Path=/app; HttpOnly",
      ],
      ["has SameSite", { sameSite: "Lax" }, {}, "Path=/app; HttpOnly; SameSite=Lax"],
      [
        "has SameSite=None for all browsers",
        { sameSite: "None" },
        { headers: { "User-Agent": "Chrome/55.0" } },
        "Path=/app; HttpOnly; SameSite=None",
      ],
      [
        "has SameSite=None not for browsers that cannot take it, if so asked",
        { sameSite: "None", conditionalSameSiteNone: true },
        { headers: { "User-Agent": "Chrome/55.0" } },
        "Path=/app; HttpOnly",
      ],
      ["has a path that is fit for it", {}, { location: facts("/a;b c\u00e4") }, "Path=/a%3Bb%20c%C3%A4; HttpOnly"],
    ] as const satisfies readonly (readonly [string, Partial<AffinityCookie>, FakeExchange, string])[]
  ) {
    it(what, () => assert.equal(attributes(cookie, given), wanted));
  }

  const safari = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
  for (
    const [agent, wanted] of [
      ["", true],
      [`Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.0 Safari/537.36`, true],
      [`Mozilla/5.0 (X11; Linux x86_64) Chrome/55.0.2883.87 Safari/537.36`, false],
      [`Mozilla/5.0 (X11; Linux x86_64) Chrome/66.0.3359.117 Safari/537.36`, false],
      [`Mozilla/5.0 (X11; Linux x86_64) Chrome/400.0.0.0 Safari/537.36`, true],
      [`Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X) ${safari} Safari/604.1`, false],
      [`Mozilla/5.0 (iPad; CPU OS 12_0 like Mac OS X) ${safari} Safari/604.1`, false],
      [`Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) ${safari} Safari/604.1`, true],
      [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) ${safari} Version/12.1 Safari/605.1.15`, false],
      [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) ${safari} Version/13.0 Safari/605.1.15`, true],
      [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) ${safari} Chrome/90.0.4430.93 Safari/537.36`, true],
    ] as const
  ) {
    it(`knowsSameSiteNone() says ${wanted} of "${agent}"`, () => assert.equal(knowsSameSiteNone(agent), wanted));
  }
});
