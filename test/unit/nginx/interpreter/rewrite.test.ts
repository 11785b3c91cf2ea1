import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { snippetHost } from "../../../support/snippet-host.ts";

const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

describe("if", () => {
  test("denies by user agent without regard to case", () => {
    const serve = snippetHost({
      server: "if ($http_user_agent ~* (Scrapy|Go-http-client|HttpClient|curl)) {\n  return 403;\n}\n",
    });
    for (const agent of ["curl/8.5.0", "Go-http-client/1.1", "python scrapy/2", "Apache-HttpClient/4.5"]) {
      assert.equal(serve({ headers: { "User-Agent": agent } }).status, 403, agent);
    }
    assert.equal(serve({ headers: { "User-Agent": AGENT } }).proxied, "/");
    assert.equal(serve().proxied, "/");
  });

  const conditions: readonly (readonly [condition: string, target: string, holds: boolean])[] = [
    ['($arg_key = "s3cret")', "/?key=s3cret", true],
    ["($arg_key = s3cret)", "/?key=S3cret", false],
    ["($arg_key != s3cret)", "/", true],
    ["( $arg_key = $arg_other )", "/?key=1&other=1", true],
    ["($arg_key)", "/?key=1", true],
    ["($arg_key)", "/?key=0", false],
    ["($arg_key)", "/?key=", false],
    ["($arg_key)", "/?key=00", true],
    ["($arg_key)", "/", false],
    ['($uri ~ "^/id/[0-9]{3}$")', "/id/123", true],
    ['($uri ~ "^/id/[0-9]{3}$")', "/id/1234", false],
    ["($uri ~* ^/ID)", "/id", true],
    ["($uri !~ ^/id)", "/id", false],
    ["($uri !~* ^/ID)", "/other", true],
    ["($uri ~ ^/\u00e9$)", "/%C3%A9", true],
    ["(-f $document_uri)", "/", false],
    ["(!-e /etc/passwd)", "/", true],
    ['($args = "")', "/", true],
    ["($scheme = http)", "/", true],
    ["($http_x_two = 'a, b')", "/", true],
    ["($cookie_c = 9)", "/", true],
    ["($cookie_C = 9)", "/", true],
    ["($cookie_d)", "/", false],
    ["(${arg_key} = 1)", "/?KEY=1", true],
  ];
  for (const [condition, target, holds] of conditions) {
    test(`${condition} ${holds ? "holds" : "does not hold"} for ${target}`, () => {
      const file = condition.includes("-f") || condition.includes("-e");
      const serve = snippetHost(
        { locations: { "/": `if ${condition} { return 410; }` } },
        file ? ["DirectiveWithoutEffect"] : [],
      );
      const headers = { "X-Two": ["a", "b"], "Cookie": "a=1; c=9; xd=1" };
      assert.equal(serve({ target, headers }).status, holds ? 410 : 200);
    });
  }

  for (const statement of ["if ($http_x ~ ^no(.)$) { }", "rewrite ^/no/(.*)$ /x;", "if ($http_x ~ ^no$) { }"]) {
    test(`${statement} takes the groups of the match before away when it fails`, () => {
      const serve = snippetHost({ locations: { "/": `rewrite ^/(a)$ /b; ${statement} return 200 "1:$1"; ` } });
      assert.equal(serve({ target: "/a" }).body, "1:");
    });
  }

  for (
    const [path, type] of [
      ["/robots.txt", "text/plain"],
      ["/.well-known/assetlinks.JSON", "application/json"],
      ["/a.html/", "text/x-default"],
      ["/.txt", "text/x-default"],
      ["/a/.txt", "text/x-default"],
      ["/a.unknown", "text/x-default"],
      ["/txt", "text/x-default"],
    ] as const
  ) {
    test(`return sends ${path} as ${type}`, () => {
      const serve = snippetHost({ locations: { "/": 'default_type text/x-default; return 200 "text";' } });
      assert.equal(serve({ target: path }).fields.get("content-type"), type);
    });
  }

  test("keeps groups for later statements", () => {
    const serve = snippetHost({
      server: 'if ($http_cookie ~* "id=([0-9]+)") { set $id $1; }\nlocation = /id { return 200 "id:$id"; }',
    });
    assert.equal(serve({ target: "/id", headers: { Cookie: "a=1; id=77; b=2" } }).body, "id:77");
    assert.equal(serve({ target: "/id" }).body, "id:");
  });

  test("makes variables of named groups", () => {
    const serve = snippetHost({ locations: { "/": 'if ($uri ~ "^/(?<Name>[a-z]+)") { return 200 "$name-$1"; }' } });
    assert.equal(serve({ target: "/abc/d" }).body, "abc-abc");
  });

  test("joins conditions by a variable", () => {
    const serve = snippetHost({
      locations: {
        "/": `set $test "";
          if ($request_method = POST) { set $test "P"; }
          if ($http_x_key != "k") { set $test "\${test}N"; }
          if ($test = "PN") { return 403; }`,
      },
    });
    assert.equal(serve({ method: "POST" }).status, 403);
    assert.equal(serve({ method: "POST", headers: { "X-Key": "k" } }).status, 200);
    assert.equal(serve().status, 200);
  });

  test("with settings takes the place of the location's lists, the last one that holds alone", () => {
    const serve = snippetHost({
      locations: {
        "/": `add_header X-Base 1; more_set_headers "X-More: base";
          if ($arg_a) { add_header X-A 1; }
          if ($arg_b) { add_header X-B 1; more_set_headers "X-More: b"; }`,
      },
    });
    const of = (target: string) => {
      const { fields } = serve({ target });
      return ["x-base", "x-a", "x-b", "x-more"].map((name) => fields.get(name) ?? "-").join(" ");
    };
    assert.equal(of("/"), "1 - - base");
    assert.equal(of("/?a=1"), "- 1 - base");
    assert.equal(of("/?a=1&b=1"), "- - 1 b");
  });
});

describe("return", () => {
  const rows: readonly (readonly [snippet: string, target: string, status: number, field: string, body?: string])[] = [
    ["return 410;", "/", 410, ""],
    ["return https://new.example$request_uri;", "/x?y=1", 302, "https://new.example/x?y=1"],
    ["return $scheme://new.example;", "/", 302, "http://new.example"],
    ["return 301 /new?x=1;", "/old?y=2", 301, "http://a.example/new?x=1"],
    ["return 308 https://m.example.com;", "/", 308, "https://m.example.com"],
    ["return 307 //other;", "/", 307, "http://a.example//other"],
    ["return 301 /$uri;", "/a%0d%0aX:%20y", 301, "http://a.example//a%0D%0AX:%20y"],
    ["return 301 $uri;", "/caf%C3%A9", 301, "http://a.example/caf%C3%A9"],
    ["return 200 plain;", "/", 200, "", "plain"],
    ["return 200;", "/", 200, "", ""],
    ["return 204;", "/", 204, ""],
    ["return 404 '';", "/", 404, ""],
    ["return 404 $arg_none;", "/", 404, "", ""],
    ["return 200 '';", "/", 200, "", ""],
    ["return 404 'gone $uri';", "/a%20b", 404, "", "gone /a b"],
    ["return 299 '$1$2';", "/", 299, "", ""],
  ];
  for (const [snippet, target, status, location, body] of rows) {
    test(`${snippet} for ${target}`, () => {
      const served = snippetHost({ locations: { "/": snippet } })({ target });
      assert.equal(served.status, status);
      assert.equal(served.fields.get("location") ?? "", location);
      assert.equal(served.body, body);
      assert.equal(served.proxied, null);
    });
  }

  test("408 and 499 close without an answer, unless there is a text", () => {
    const serve = snippetHost({
      server: 'location /a { return 499; } location /b { return 408 ""; } location /c { return 408 late; }',
    });
    assert.deepEqual([serve({ target: "/a" }).status, serve({ target: "/b" }).status], [499, 408]);
    assert.equal(serve({ target: "/c" }).body, "late");
  });

  test("444 closes without an answer", () => {
    const snippet = snippetHost({ server: "location / { return 444; }", locations: { "/": "return 444;" } });
    assert.equal(snippet().status, 444);
  });

  test("sends the bytes of a text beyond ASCII", () => {
    const { body } = snippetHost({ locations: { "/": 'return 200 "caf\u00e9 $uri";' } })({ target: "/%C3%A9" });
    assert.deepEqual(body, new TextEncoder().encode("caf\u00e9 /\u00e9"));
  });

  test("has the type of default_type", () => {
    const serve = snippetHost({
      server:
        `location = /a { return 200 "x"; } location = /b { default_type application/json; return 200 '{"ok": true}'; }`,
    });
    assert.equal(serve({ target: "/a" }).fields.get("content-type"), "text/html");
    assert.equal(serve({ target: "/b" }).fields.get("content-type"), "application/json");
    assert.equal(serve({ target: "/b" }).body, '{"ok": true}');
  });

  test("gives the variables of the request", () => {
    const serve = snippetHost({
      locations: {
        "/":
          'return 200 "$request_method $uri $args $is_args $arg_q $http_x_y $cookie_c $host $http_host $scheme $remote_addr";',
      },
    });
    const headers = { "X-Y": "yy", "Cookie": "c=9" };
    const { body } = serve({ target: "/a%20b?q=1&r=2", authority: "a.example:81", headers });
    assert.equal(body, "GET /a b q=1&r=2 ? 1 yy 9 a.example a.example:81 http 127.0.0.1");
  });
});

describe("rewrite", () => {
  const rows: readonly (readonly [snippet: string, target: string, path: string, query: string | undefined])[] = [
    ["rewrite ^/brk/(.*)$ /done/$1 break;", "/brk/a?b=1", "/done/a", "b=1"],
    ["rewrite ^/brk/(.*)$ /done/$1? break;", "/brk/a?b=1", "/done/a", undefined],
    ["rewrite ^/brk/(.*)$ /done?p=$1 break;", "/brk/a?b=1", "/done", "p=a&b=1"],
    ["rewrite ^/brk/(.*)$ /done?p=$1? break;", "/brk/a?b=1", "/done", "p=a"],
    ["rewrite ^/brk/(.*)$ /done?p=$1 break;", "/brk/a%26x", "/done", "p=a%26x"],
    ["rewrite ^/brk/(.*)$ /$1 break;", "/brk/caf%C3%A9", "/caf\u00e9", undefined],
    ["rewrite ^/brk/(?<rest>.*)$ /$rest/$arg_b break;", "/brk/a?b=1", "/a/1", "b=1"],
    ["rewrite ^/a /b; rewrite ^/b /c; break;", "/a", "/c", undefined],
    ["rewrite ^/nothing /b;", "/a", "/a", undefined],
    ["set $args x=2;", "/a?b=1", "/a", "x=2"],
  ];
  for (const [snippet, target, path, query] of rows) {
    test(`${snippet} for ${target}`, () => {
      const { exchange, proxied, rounds } = snippetHost({ locations: { "/": snippet } })({ target });
      assert.equal(exchange.path, path);
      assert.equal(exchange.query, query);
      assert.equal(exchange.rewritten, path !== target);
      assert.equal(proxied, "/");
      assert.equal(rounds, 1);
    });
  }

  test("last searches the location again", () => {
    const serve = snippetHost({ locations: { "/one": "rewrite ^/one/(.*)$ /two/$1 last;", "/two": "", "/": "" } });
    const { exchange, proxied, rounds } = serve({ target: "/one/a?b=1" });
    assert.equal(proxied, "/two");
    assert.equal(exchange.path, "/two/a");
    assert.equal(rounds, 2);
  });

  test("that never ends is given up with 500 after 10 rounds", () => {
    const { status, rounds } = snippetHost({ locations: { "/": "rewrite ^/(.*)$ /x$1 last;" } })();
    assert.equal(status, 500);
    assert.equal(rounds, 12);
  });

  test("at host level changes the path before the location is chosen", () => {
    const serve = snippetHost({ server: "rewrite ^/legacy/(.*)$ /app/$1 last;", locations: { "/app": "", "/": "" } });
    const { exchange, proxied, rounds } = serve({ target: "/legacy/x?k=v" });
    assert.equal(proxied, "/app");
    assert.equal(exchange.path, "/app/x");
    assert.equal(exchange.query, "k=v");
    assert.equal(rounds, 1);
  });

  const redirects: readonly (readonly [snippet: string, target: string, status: number, location: string])[] = [
    ["rewrite ^/perm/(.*)$ /there/$1 permanent;", "/perm/a?b=1", 301, "http://a.example/there/a?b=1"],
    ["rewrite ^/perm/(.*)$ /there/$1? permanent;", "/perm/a?b=1", 301, "http://a.example/there/a"],
    ["rewrite ^/perm/(.*)$ /there/$1 redirect;", "/perm/a%20b", 302, "http://a.example/there/a%20b"],
    ["rewrite ^ https://b.example$request_uri?;", "/a?b=1", 302, "https://b.example/a?b=1"],
    ["rewrite ^/(.*) $scheme://b.example/$1;", "/a?b=1", 302, "http://b.example/a?b=1"],
  ];
  for (const [snippet, target, status, location] of redirects) {
    test(`${snippet} for ${target}`, () => {
      const served = snippetHost({ locations: { "/": snippet } })({ target });
      assert.equal(served.status, status);
      assert.equal(served.fields.get("location"), location);
    });
  }

  test("to nothing is 500", () => {
    assert.equal(snippetHost({ locations: { "/": "rewrite ^/(.*)$ $1 break;" } })().status, 500);
  });

  test("break ends the location's rewriting, a break of the host does not", () => {
    assert.equal(snippetHost({ locations: { "/": "break; return 410;" } })().exchange.rewriteEnded, true);
    const served = snippetHost({ server: "break; return 410;" })();
    assert.equal(served.status, 200);
    assert.equal(served.exchange.rewriteEnded, false);
  });
});

describe("set", () => {
  test("is frozen at its place, and seen by header filters", () => {
    const serve = snippetHost({
      locations: { "/": 'set $v one; if ($arg_go) { return 200 "$v"; } set $v two; more_set_headers "X-V: $v";' },
    });
    assert.equal(serve({ target: "/?go=1" }).body, "one");
    assert.equal(serve().fields.get("x-v"), "two");
  });

  test("does not grow without end", () => {
    const doubling = Array.from({ length: 40 }, () => 'set $a "$a$a";').join("\n");
    assert.equal(snippetHost({ locations: { "/": `set $a "0123456789";\n${doubling}` } })().status, 500);
  });

  test("of the host reaches the locations", () => {
    const serve = snippetHost({ server: "set $team red;", locations: { "/": "more_set_headers 'X-Team: $team';" } });
    assert.equal(serve().fields.get("x-team"), "red");
  });

  test("of the controller's variables changes what upstreams are told", () => {
    const serve = snippetHost({ locations: { "/": "set $best_http_host b.example; set $pass_access_scheme https;" } });
    const { exchange } = serve();
    assert.equal(exchange.forwardedHost, "b.example");
    assert.equal(exchange.forwardedScheme, "https");
  });
});
