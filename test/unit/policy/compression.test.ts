import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange } from "../../../src/http/exchange.ts";
import { compression } from "../../../src/policy/compression.ts";
import { ConfigReader } from "../../../src/policy/config-reader.ts";
import { type FakeExchange, fakeExchange, runResponse } from "../../support/exchange.ts";
import { fakeGlobals } from "../../support/policy.ts";

const BOTH = { "use-gzip": "true", "enable-brotli": "true" };

function run(config: Record<string, string>, given: FakeExchange): Exchange {
  const policy = compression.parse({
    namespace: "default",
    ingressName: "a",
    paths: [],
    hosts: [],
    annotation: () => undefined,
    globals: fakeGlobals(),
    config: new ConfigReader(new Map(Object.entries(config)), () => {}),
    secret: () => undefined,
    configMap: () => undefined,
    report: () => {},
    deny: () => {},
  });
  const exchange = fakeExchange({ status: 200, ...given });
  if (policy !== undefined) runResponse(compression.hooks(policy), exchange);
  return exchange;
}

type Row = [name: string, config: Record<string, string>, given: FakeExchange, coding: string | undefined];

const html = { "content-type": "text/html; charset=utf-8", "content-length": "1000" };

describe("compression", () => {
  test("is off by default", () => {
    assert.equal(compression.parse({ config: new ConfigReader(new Map(), () => {}) } as never), undefined);
  });

  const rows: Row[] = [
    ["gzip for a client that takes it", { "use-gzip": "true" }, { headers: { "accept-encoding": "gzip" } }, "gzip"],
    ["brotli before gzip", BOTH, { headers: { "accept-encoding": "gzip, br" } }, "br"],
    ["gzip where brotli is refused", BOTH, { headers: { "accept-encoding": "gzip, br;q=0" } }, "gzip"],
    ["nothing for *", BOTH, { headers: { "accept-encoding": "*" } }, undefined],
    ["gzip where * is refused", BOTH, { headers: { "accept-encoding": "*;q=0, GZIP" } }, "gzip"],
    ["gzip with a weight", BOTH, { headers: { "accept-encoding": "gzip ; q=0.001" } }, "gzip"],
    ["gzip with the full weight", BOTH, { headers: { "accept-encoding": "deflate, gzip;q=1.000" } }, "gzip"],
    ["nothing for a part of a name", BOTH, { headers: { "accept-encoding": "x-gzip, gzipped, brotli" } }, undefined],
    ["gzip for a type that * stands for", { "use-gzip": "true", "gzip-types": "*" }, {
      headers: { "accept-encoding": "gzip" },
      response: { "content-length": "1000" },
    }, "gzip"],
    ...["gzip;q=0", "gzip;q=0.000", "gzip;q=2", "gzip;q=1.1", "gzip;q=0.0001", "gzip;q=a", "gzip;q", "gzip;x=1"].map(
      (field): Row => [`nothing for ${field}`, BOTH, { headers: { "accept-encoding": field } }, undefined],
    ),
    ["nothing for the browsers of msie6", { "use-gzip": "true", "gzip-disable": "msie6" }, {
      headers: { "accept-encoding": "gzip", "user-agent": "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)" },
    }, undefined],
    ["gzip for a mended one of them", { "use-gzip": "true", "gzip-disable": "msie6" }, {
      headers: { "accept-encoding": "gzip", "user-agent": "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)" },
    }, "gzip"],
    ["nothing without Accept-Encoding", BOTH, {}, undefined],
    ["nothing for HTTP/1.0", BOTH, { version: "1.0", headers: { "accept-encoding": "gzip" } }, undefined],
    ["nothing for status 206", BOTH, { status: 206, headers: { "accept-encoding": "gzip" } }, undefined],
    ["errors of 404 as well", BOTH, { status: 404, headers: { "accept-encoding": "gzip" } }, "gzip"],
    [
      "nothing twice",
      BOTH,
      { headers: { "accept-encoding": "gzip" }, response: { ...html, "content-encoding": "br" } },
      undefined,
    ],
    [
      "nothing for other types",
      BOTH,
      { headers: { "accept-encoding": "gzip" }, response: { ...html, "content-type": "image/png" } },
      undefined,
    ],
    [
      "nothing shorter than the minimum",
      BOTH,
      { headers: { "accept-encoding": "gzip" }, response: { ...html, "content-length": "255" } },
      undefined,
    ],
    [
      "bodies of unknown length",
      { "use-gzip": "true" },
      { headers: { "accept-encoding": "gzip" }, response: { "content-type": "application/json" } },
      "gzip",
    ],
    [
      "types of the ConfigMap, and text/html still",
      { "use-gzip": "true", "gzip-types": "application/wasm" },
      { headers: { "accept-encoding": "gzip" }, response: html },
      "gzip",
    ],
    [
      "nothing for user agents of gzip-disable",
      { "use-gzip": "true", "gzip-disable": "msie [1-6]\\." },
      { headers: { "accept-encoding": "gzip", "user-agent": "Mozilla/4.0 (compatible; MSIE 6.0)" } },
      undefined,
    ],
  ];
  for (const [name, config, given, coding] of rows) {
    test(`uses ${name}`, () => {
      assert.equal(run(config, { response: html, ...given }).bodyCoding?.name, coding);
    });
  }

  test("makes the entity tag weak, drops the length, names Accept-Encoding in Vary once", () => {
    const { response } = run(BOTH, {
      headers: { "accept-encoding": "gzip" },
      response: { ...html, etag: '"x"', "accept-ranges": "bytes", vary: "Origin, Accept-Encoding" },
    });
    assert.equal(response!.get("etag"), 'W/"x"');
    assert.equal(response!.has("content-length"), false);
    assert.equal(response!.has("accept-ranges"), false);
    assert.deepEqual(response!.getAll("vary"), ["Origin, Accept-Encoding"]);
    assert.equal(response!.get("content-encoding"), "gzip");
  });

  for (
    const [etag, sent] of [['W/"x"', 'W/"x"'], ["x", undefined], ['w/"x"', undefined], ["", undefined]] as const
  ) {
    test(`sends the entity tag ${JSON.stringify(etag)} as ${sent}`, () => {
      const { response } = run(BOTH, { headers: { "accept-encoding": "gzip" }, response: { ...html, etag } });
      assert.equal(response!.get("etag"), sent);
    });
  }

  test("names Accept-Encoding in Vary for clients that take no coding, too", () => {
    assert.deepEqual(run(BOTH, { response: html }).response!.getAll("vary"), ["Accept-Encoding"]);
  });

  test("takes its level from the ConfigMap, and the default when that is out of range", () => {
    const headers = { "accept-encoding": "gzip" };
    assert.equal(run({ "use-gzip": "true", "gzip-level": "6" }, { headers, response: html }).bodyCoding?.level, 6);
    assert.equal(run({ "use-gzip": "true", "gzip-level": "17" }, { headers, response: html }).bodyCoding?.level, 1);
  });
});
