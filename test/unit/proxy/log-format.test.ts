import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileLogFormat } from "../../../src/proxy/pipeline/log-format.ts";
import { DEFAULT_LOG_FORMAT } from "../../../src/policy/mod.ts";
import { fakeAttempt, type FakeExchange, fakeExchange } from "../../support/exchange.ts";

const facts = {
  namespace: "ns",
  ingressName: "ing",
  serviceName: "svc",
  servicePort: "http",
  path: "/p",
  upstreamName: "ns-svc-http",
  alternativeUpstreamName: "",
};

/** Exchanges in all shapes that the default format treats in its own way. */
const shapes: Readonly<Record<string, FakeExchange>> = {
  "an answered request": {
    target: "/a?b=c",
    status: 200,
    location: facts,
    attempts: [fakeAttempt({ responseMs: 1234, responseBytes: 12 })],
    headers: { "User-Agent": "agent/1.0", "Referer": "http://r.example/" },
    sentBodyBytes: 12,
    requestBytes: 100,
  },
  "several attempts": {
    status: 502,
    location: facts,
    attempts: [
      fakeAttempt({ status: 502, responseMs: -1 }),
      fakeAttempt({ address: "[::1]:80", status: 502, responseMs: 7 }),
    ],
  },
  "no attempt and no location": { status: 404 },
  "a client that left": { status: 499, version: "2.0", location: { ...facts, upstreamName: "" } },
  "another upstream of the location": { status: 200, location: { ...facts, alternativeUpstreamName: "ns-new-80" } },
  "no status at all": { status: 0 },
  "basic credentials": { headers: { Authorization: `Basic ${btoa('an"n:pw')}` } },
  "bytes that could forge a line": {
    target: '/\x01\xe9"',
    requestId: 'id"\\',
    headers: { "User-Agent": 'x" \n200 - "\\', "Referer": "caf\xc3\xa9" },
  },
  "an empty field": { headers: { "User-Agent": "", "Referer": "" } },
};

describe("compileLogFormat()", () => {
  for (const [name, shape] of Object.entries(shapes)) {
    it(`writes the default format by hand as its text says: ${name}`, () => {
      const exchange = fakeExchange({ receivedAtMs: Date.now() + 60_000, ...shape });
      // a longer format is never the default one
      const byText = compileLogFormat(`${DEFAULT_LOG_FORMAT}|`, "default");
      assert.equal(`${compileLogFormat("", "default")(exchange)}|`, byText(exchange));
      assert.equal(
        compileLogFormat(DEFAULT_LOG_FORMAT, "default")(exchange),
        compileLogFormat("", "default")(exchange),
      );
    });
  }

  it("fills in variables of the Ingress, of snippets and of fields", () => {
    const format = compileLogFormat("$status ns=$namespace ing=${ingress_name} $http_x_a $mine $1 $unset", "default");
    const exchange = fakeExchange({
      status: 201,
      location: facts,
      headers: { "X-A": "a\tb" },
      variables: new Map([["mine", "m"]]),
      captures: ["all", "first"],
    });
    assert.equal(format(exchange), "201 ns=ns ing=ing a\\x09b m first -");
  });

  it("escapes for JSON, with empty texts for what is missing", () => {
    const format = compileLogFormat('{"ua":"$http_user_agent","ref":"$http_referer","id":"$req_id"}', "json");
    const line = format(fakeExchange({ headers: { "User-Agent": 'a"b\\\tc' }, requestId: "id" }));
    assert.deepEqual(JSON.parse(line), { ua: 'a"b\\\tc', ref: "", id: "id" });
  });

  it("leaves values as they are where nothing is to be escaped, but for line ends", () => {
    const format = compileLogFormat("$http_user_agent|$http_referer|$mine|$unset", "none");
    const variables = new Map([["mine", "a\nb"]]);
    const line = format(fakeExchange({ headers: { "User-Agent": 'a"b\\\xe9' }, variables }));
    assert.equal(line, 'a"b\\\xe9||a b|');
  });

  it("leaves text without variables alone, and refuses a $ without a name", () => {
    assert.equal(compileLogFormat("plain", "default")(fakeExchange()), "plain");
    assert.throws(() => compileLogFormat("cost: $ 5", "default"), SyntaxError);
  });
});
