import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { logVariable, variable, variableGetter, variableNames } from "../../../../src/nginx/mod.ts";
import { fakeAttempt, type FakeExchange, fakeExchange } from "../../../support/exchange.ts";

const LOCATION = {
  namespace: "default",
  ingressName: "app",
  serviceName: "echo",
  servicePort: "80",
  path: "/",
  upstreamName: "default-echo-80",
  alternativeUpstreamName: "",
};

describe("variable()", () => {
  const rows: readonly (readonly [name: string, exchange: FakeExchange, value: string, log?: string])[] = [
    ["request", { target: "/a?b=1", method: "POST" }, "POST /a?b=1 HTTP/1.1"],
    ["request", { version: "2.0" }, "GET / HTTP/2.0"],
    ["request_uri", { target: "/a%20b?c" }, "/a%20b?c"],
    ["uri", { target: "/%C3%A9" }, "/\u00c3\u00a9"],
    ["args", { target: "/" }, "", "-"],
    ["args", { target: "/?" }, ""],
    ["is_args", { target: "/?" }, ""],
    ["is_args", { target: "/?a" }, "?"],
    ["arg_key", { target: "/?xkey=0&KEY=%20v&key=2" }, "%20v"],
    ["arg_key", { target: "/?key" }, "", "-"],
    ["cookie_id", { headers: { Cookie: "aid=1;  id=2 ; id=3" } }, "2"],
    ["cookie_id", { headers: { Cookie: ["a=1", "id=4"] } }, "4"],
    ["http_x_y", { headers: { "X-Y": ["1", "2"] } }, "1, 2"],
    ["http_x_y", { headers: { "X-Y": "" } }, ""],
    ["http_referer", {}, "", "-"],
    ["host", { authority: "A.Example:81" }, "a.example"],
    ["http_host", { authority: "A.Example:81" }, "A.Example:81"],
    ["remote_user", { headers: { Authorization: "Basic Ym9iOnNlY3JldA==" } }, "bob"],
    ["remote_user", { headers: { Authorization: "Basic Ym9iOnNlY3JldA" } }, "bob"],
    ["remote_user", { headers: { Authorization: "Basic !" } }, "", "-"],
    ["remote_user", { headers: { Authorization: "Bearer x" } }, "", "-"],
    ["status", { status: 404 }, "404"],
    ["status", {}, "000"],
    ["body_bytes_sent", { sentBodyBytes: 12 }, "12"],
    ["request_length", { requestBytes: 99 }, "99"],
    ["proxy_add_x_forwarded_for", { headers: { "X-Forwarded-For": "10.0.0.1" } }, "10.0.0.1, 127.0.0.1"],
    ["proxy_add_x_forwarded_for", {}, "127.0.0.1"],
    ["sent_http_content_type", { response: { "Content-Type": "text/css" } }, "text/css"],
    ["sent_http_content_type", {}, "", "-"],
    ["upstream_http_x_user", { response: { "X-User": "bob" }, attempts: [fakeAttempt()] }, "bob"],
    ["upstream_http_x_user", { response: { "X-User": "bob" } }, "", "-"],
    ["upstream_cookie_s", { response: { "Set-Cookie": ["a=1", "s=2; Path=/"] }, attempts: [fakeAttempt()] }, "2"],
    ["namespace", { location: LOCATION }, "default"],
    ["namespace", {}, "", "-"],
    ["proxy_upstream_name", { location: LOCATION }, "default-echo-80"],
    ["proxy_upstream_name", {}, "", "-"],
    ["proxy_alternative_upstream_name", {}, ""],
    ["binary_remote_addr", { clientAddress: "10.0.200.255" }, "\n\0\xc8\xff"],
    ["binary_remote_addr", { clientAddress: "2001:db8::1" }, `\x20\x01\x0d\xb8${"\0".repeat(11)}\x01`],
    ["http2", { version: "2.0", tls: true }, "h2"],
    ["http2", { version: "2.0" }, "h2c"],
    ["http2", { tls: true }, ""],
    ["https", { tls: true }, "on"],
    ["ssl_protocol", { tls: true }, "TLSv1.3"],
    ["ssl_protocol", {}, "", "-"],
    ["ssl_client_verify", { tls: true }, "NONE"],
    ["subdomain", { authority: "x.a.example" }, "", "-"],
    ["subdomain", { authority: "x.a.example", variables: new Map([["subdomain", "x"]]) }, "x"],
    ["req_id", { requestId: "abc" }, "abc"],
    ["REQUEST_METHOD", {}, "GET"],
    ["connection_upgrade", { headers: { Upgrade: "websocket" } }, "upgrade"],
    ["connection_upgrade", {}, ""],
    ["connection_upgrade", { variables: new Map([["connection_upgrade", "close"]]) }, "close"],
    ["full_x_forwarded_for", { headers: { "X-Forwarded-For": ["1.1.1.1", "2.2.2.2"] } }, "1.1.1.1, 2.2.2.2, 127.0.0.1"],
    ["full_x_forwarded_for", { connection: { peerAddress: "10.0.0.9" }, clientAddress: "9.9.9.9" }, "10.0.0.9"],
    ["proxy_host", { location: LOCATION }, "default-echo-80"],
    ["proxy_host", {}, "upstream_balancer"],
    ["loggable", {}, "1"],
    ["request_filename", { target: "/a/b%20c.js?d" }, "/usr/local/nginx/html/a/b c.js"],
    ["document_root", {}, "/usr/local/nginx/html"],
    ["fastcgi_script_name", { target: "/a.php/b" }, "/a.php/b"],
    ["fastcgi_path_info", { target: "/a.php/b" }, ""],
    ["nginx_version", {}, "1.27.1"],
    ["limit_rate", {}, "0"],
    ["msie", { headers: { "User-Agent": "Mozilla/4.0 (compatible; MSIE 8.0; Windows)" } }, "1"],
    ["msie", { headers: { "User-Agent": "Mozilla/4.0 (compatible; MSIE 8.0) Opera" } }, "", "-"],
    ["msie", { headers: { "User-Agent": "MSIE 8" } }, "", "-"],
    ["ancient_browser", {}, "1"],
    ["modern_browser", {}, ""],
    ["request_port", { authority: "a.example:81" }, "81"],
    ["request_port", { authority: "[::1]" }, "", "-"],
    ["is_request_port", { authority: "a.example:81" }, ":"],
    ["http3", {}, ""],
    ["ssl_session_reused", { tls: true }, "."],
    ["ssl_session_reused", {}, "", "-"],
    ["ssl_alpn_protocol", { tls: true }, "", "-"],
    ["request_body", {}, "", "-"],
    ["sent_trailer_x", {}, "", "-"],
    ["geoip2_city", { variables: new Map([["geoip2_city", "Ulm"]]) }, "Ulm"],
  ];
  for (const [name, exchange, value, log] of rows) {
    test(`$${name} of ${JSON.stringify(exchange)} is ${JSON.stringify(value)}`, () => {
      assert.equal(variable(name)!(fakeExchange(exchange)), value);
      assert.equal(logVariable(name)!(fakeExchange(exchange)), log ?? value);
    });
  }

  test("joins the attempts by commas, with dashes for what is not known", () => {
    const none = fakeExchange();
    const two = fakeExchange({
      attempts: [
        fakeAttempt({
          address: "10.0.0.1:80",
          status: 502,
          responseMs: 1,
          responseBytes: 0,
          connectMs: -1,
          headerMs: -1,
        }),
        fakeAttempt({ address: "[::1]:80", status: 0, responseMs: -1, responseBytes: 7, connectMs: 0, headerMs: 1234 }),
      ],
    });
    const of = (name: string) => [logVariable(name)!(none), logVariable(name)!(two)];
    assert.deepEqual(of("upstream_addr"), ["-", "10.0.0.1:80, [::1]:80"]);
    assert.deepEqual(of("upstream_status"), ["-", "502, -"]);
    assert.deepEqual(of("upstream_response_time"), ["-", "0.001, -"]);
    assert.deepEqual(of("upstream_response_length"), ["-", "0, 7"]);
    assert.deepEqual(of("upstream_connect_time"), ["-", "-, 0.000"]);
    assert.deepEqual(of("upstream_header_time"), ["-", "-, 1.234"]);
  });

  test("gives times in nginx's forms", () => {
    const x = fakeExchange();
    assert.match(variable("time_local")!(x), /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}$/);
    assert.match(variable("time_iso8601")!(x), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
    const day = /^(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, \d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d /;
    assert.match(variable("date_gmt")!(x), new RegExp(`${day.source}GMT$`));
    assert.match(variable("date_local")!(x), new RegExp(`${day.source}\\S+$`));
    const read = Date.parse(variable("date_gmt")!(x).replace(/^\w+, /, "").replaceAll("-", " "));
    assert.ok(Math.abs(Date.now() - read) < 60_000, variable("date_gmt")!(x));
    assert.match(variable("connection_time")!(x), /^\d+\.\d{3}$/);
    assert.match(variable("msec")!(x), /^\d+\.\d{3}$/);
    assert.match(variable("request_time")!(x), /^\d+\.\d{3}$/);
  });

  test("$request_id is nginx's own, and stays", () => {
    const own = variable("request_id")!;
    const x = fakeExchange({ headers: { "X-Request-ID": "theirs" }, requestId: "theirs" });
    assert.match(own(x), /^[0-9a-f]{32}$/);
    assert.equal(own(x), own(x));
    assert.equal(own(fakeExchange({ requestId: "made" })), "made");
  });

  test("has no value for a name that nobody defines", () => {
    for (const name of ["nope", "http_", "arg_", "tcpinfo_", "geoip2"]) assert.equal(variable(name), undefined, name);
    assert.equal(variableGetter("mine")(fakeExchange({ variables: new Map([["mine", "1"]]) })), "1");
    assert.equal(variableGetter("mine")(fakeExchange()), "");
  });

  test("every variable has a value before there is a location, a response or an attempt", () => {
    const x = fakeExchange();
    for (const name of variableNames) assert.equal(typeof variable(name)!(x), "string", name);
  });
});
