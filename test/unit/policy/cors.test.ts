import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileOrigins, cors } from "../../../src/policy/cors.ts";
import { fakeExchange, runRequest, runResponse } from "../../support/exchange.ts";
import { parsePolicy } from "../../support/policy.ts";

function fields(annotations: Record<string, string>, origin?: string): Record<string, string> {
  const { policy } = parsePolicy(cors, { "enable-cors": "true", ...annotations });
  const headers = origin === undefined ? {} : { Origin: origin };
  const exchange = fakeExchange({ headers, response: { "Access-Control-Allow-Methods": "upstream" } });
  runResponse(cors.hooks(policy!), exchange);
  return Object.fromEntries([...exchange.response!].map(([name, value]) => [name.toLowerCase().slice(15), value]));
}

describe("cors", () => {
  test("allows every origin by default, and replaces the upstream's fields", () => {
    assert.deepEqual(fields({}), {
      "allow-origin": "*",
      "allow-credentials": "true",
      "allow-methods": "GET, PUT, POST, DELETE, PATCH, OPTIONS",
      "allow-headers":
        "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization",
      "max-age": "1728000",
    });
  });

  test("each annotation has its field", () => {
    const all = fields({
      "cors-allow-methods": "POST, GET",
      "cors-allow-headers": "DNT, User-Agent",
      "cors-expose-headers": "X-A, X-B",
      "cors-max-age": "200",
      "cors-allow-credentials": "false",
      "cors-allow-origin": "http://x.example",
    }, "http://X.example");
    assert.deepEqual(all, {
      "allow-origin": "http://X.example",
      "allow-methods": "POST, GET",
      "allow-headers": "DNT, User-Agent",
      "expose-headers": "X-A, X-B",
      "max-age": "200",
    });
  });

  test("leaves responses for other origins, and for none, alone", () => {
    assert.deepEqual(fields({ "cors-allow-origin": "http://x.example" }, "http://y.example"), {
      "allow-methods": "upstream",
    });
    assert.deepEqual(fields({ "cors-allow-origin": "http://x.example" }), { "allow-methods": "upstream" });
  });

  test("answers OPTIONS of an allowed origin with 204 and passes others on", () => {
    const hooks = cors.hooks(
      parsePolicy(cors, { "enable-cors": "true", "cors-allow-origin": "http://x.example" }).policy!,
    );
    const asked = (method: string, Origin: string) => runRequest(hooks, fakeExchange({ method, headers: { Origin } }));
    assert.equal(asked("OPTIONS", "http://x.example")?.status, 204);
    assert.equal(asked("OPTIONS", "http://y.example"), undefined);
    assert.equal(asked("GET", "http://x.example"), undefined);
  });

  test("is off without enable-cors", () => {
    assert.equal(parsePolicy(cors, { "cors-allow-origin": "*" }).policy, undefined);
    assert.equal(parsePolicy(cors, { "enable-cors": "sure" }).policy, undefined);
  });

  test("leaves origins out that it cannot read, and allows none if none is left", () => {
    const { policy, findings } = parsePolicy(cors, {
      "enable-cors": "true",
      "cors-allow-origin": "bare.example, http://good.example, ",
    });
    assert.deepEqual(policy!.origins, ["http://good.example"]);
    assert.equal(findings.length, 1);
    const none = parsePolicy(cors, { "enable-cors": "true", "cors-allow-origin": "bare.example" }).policy!;
    assert.deepEqual(none.origins, []);
    assert.equal(
      runRequest(cors.hooks(none), fakeExchange({ method: "OPTIONS", headers: { Origin: "http://a" } })),
      undefined,
    );
  });

  test("takes the default for methods and headers with other characters", () => {
    const { policy, invalid } = parsePolicy(cors, {
      "enable-cors": "true",
      "cors-allow-methods": "GET, $nginx_version",
    });
    assert.match(policy!.methods, /^GET, PUT/);
    assert.deepEqual(invalid, ["cors-allow-methods: ignore"]);
  });

  test("a long list of methods that is not valid is refused at once", () => {
    assert.equal(
      parsePolicy(cors, { "enable-cors": "true", "cors-allow-methods": `${"A".repeat(20_000)}!` }).invalid.length,
      1,
    );
  });
});

describe("compileOrigins()", () => {
  const allows = compileOrigins(["http://*.origin.example:8080", "https://exact.example", "null"]);
  const rows: [origin: string, want: boolean][] = [
    ["http://foo.origin.example:8080", true],
    ["HTTP://Foo.Origin.example:8080", true],
    ["http://a.b.origin.example:8080", false],
    ["http://origin.example:8080", false],
    ["http://.origin.example:8080", false],
    ["http://foo.origin.example", false],
    ["https://exact.example", true],
    ["https://exact.example:8080", false],
    ["https://evil-https://exact.example", false],
    ["null", true],
    ["", false],
  ];
  for (const [origin, want] of rows) test(`${origin} -> ${want}`, () => assert.equal(allows(origin), want));
});
