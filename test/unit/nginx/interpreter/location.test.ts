import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { snippetHost } from "../../../support/snippet-host.ts";

describe("location blocks of the host", () => {
  const serve = snippetHost({
    server: `
      location = /ping { return 200 "pong"; }
      location /static/ { return 404 static; }
      location ^~ /final/ { return 200 final; }
      location ~ \\.php$ { deny all; }
      location ~* ^/UPPER/(.*) { return 200 "[$1]"; }
      location /empty { add_header X-A 1 always; }
      location /inside { internal; return 200 in; }
      location @named { return 200 named; }
    `,
    locations: { "/static/deep/er": "", "/": "" },
  });
  const rows: readonly (readonly [target: string, status: number, body?: string])[] = [
    ["/ping", 200, "pong"],
    ["/ping/x", 200],
    ["/static/a.css", 404, "static"],
    ["/statics", 200],
    ["/static/deep/er/x", 200],
    ["/static/x.php", 403],
    ["/x/index.php", 403],
    ["/x/index.html", 200],
    ["/final/x.php", 200, "final"],
    ["/upper/rest", 200, "[rest]"],
    ["/empty", 404],
    ["/inside", 404],
    ["/@named", 200],
  ];
  for (const [target, status, body] of rows) {
    test(`${target} gives ${status} ${body ?? ""}`, () => {
      const served = serve({ target });
      assert.equal(served.status, status);
      assert.equal(served.body, body);
      assert.equal(served.proxied === null, body !== undefined || status !== 200);
    });
  }

  test("match bytes of UTF-8, and give groups that can stand in fields", () => {
    const wide = snippetHost({
      server: "location ~ ^/(\u20ac.*) { return 301 /x/$1; } location ~* ^/\u00e9(.) { return 200 $1; }",
    });
    assert.equal(wide({ target: "/%E2%82%AC1" }).fields.get("location"), "http://a.example/x/%E2%82%AC1");
    assert.equal(wide({ target: "/%C3%A9a" }).body, "a");
    assert.equal(wide({ target: "/%C3%89a" }).proxied, "/");
  });

  test("have their own header filters", () => {
    assert.equal(serve({ target: "/empty" }).fields.get("x-a"), "1");
  });

  test("may lead back to the generated locations", () => {
    const again = snippetHost({
      server: "location /old/ { rewrite ^/old/(.*)$ /app/$1 last; }",
      locations: { "/app": "", "/": "" },
    });
    const { proxied, exchange } = again({ target: "/old/x" });
    assert.equal(proxied, "/app");
    assert.equal(exchange.path, "/app/x");
  });

  test("stand in blocks of others", () => {
    const nested = snippetHost({
      server: "location /a { add_header X-A 1; location /a/b { return 200 inner; } return 200 outer; }",
    });
    assert.equal(nested({ target: "/a/b/c" }).body, "inner");
    assert.equal(nested({ target: "/a/b/c" }).fields.get("x-a"), "1");
    assert.equal(nested({ target: "/a/c" }).body, "outer");
  });

  test("of the ConfigMap come after the others", () => {
    const both = snippetHost({
      server: "location ~ x { return 200 one; }",
      serverLast: "location ~ x|y { return 200 two; }",
    });
    assert.equal(both({ target: "/x" }).body, "one");
    assert.equal(both({ target: "/y" }).body, "two");
  });

  for (const path of ["//a", "/a//b", "= /a/../b", "^~ /./a", "/a%20b", "= /%61"]) {
    test(`${path} is told not to match what it seems to`, () => {
      snippetHost({ server: `location ${path} { deny all; }` }, ["DirectiveWithoutEffect"]);
    });
  }

  test("paths that only look like these are not told", () => {
    snippetHost({ server: "location /. { deny all; } location = /a..b { deny all; } location /100% { deny all; }" });
  });
});

describe("location blocks in a configuration-snippet", () => {
  const serve = snippetHost({ locations: { "/": "add_header X-A 1; location /closed { deny all; } set $v 1;" } });

  test("take their paths away from the upstream", () => {
    assert.equal(serve({ target: "/closed/x" }).status, 403);
    assert.equal(serve({ target: "/open" }).proxied, "/");
  });
});

describe("error_page", () => {
  test("with a URL redirects", () => {
    const serve = snippetHost({ server: "error_page 403 https://sorry.example/; location = /closed { deny all; }" });
    const { status, fields } = serve({ target: "/closed" });
    assert.equal(status, 302);
    assert.equal(fields.get("location"), "https://sorry.example/");
  });

  test("with a name or a path runs that location, with the status that failed unless told otherwise", () => {
    const serve = snippetHost({
      server: `
        error_page 403 @sorry;
        error_page 404 =200 /page;
        error_page 410 = /page;
        location @sorry { return 200 "sorry"; }
        location = /page { internal; return 201 "page $uri"; }
        location = /a { deny all; }
        location = /b { return 404; }
        location = /c { return 410; }
        location = /d { return 404 "own"; }
      `,
    });
    const of = (target: string) => {
      const { status, body } = serve({ target });
      return `${status} ${body}`;
    };
    assert.equal(of("/a"), "403 sorry");
    assert.equal(of("/b"), "200 page /page");
    assert.equal(of("/c"), "201 page /page");
    assert.equal(of("/d"), "404 own");
    assert.equal(of("/page"), "200 page /page");
  });

  test("holds for the access rules of a generated location", () => {
    const serve = snippetHost({
      server: "location @sorry { return 200 sorry; }",
      locations: { "/": "error_page 403 =200 @sorry; deny all;" },
    });
    assert.equal(serve().body, "sorry");
    assert.equal(serve().status, 200);
  });

  test("does not lead to itself", () => {
    const serve = snippetHost({ server: "error_page 404 /missing; location /missing { return 404; } location /x { }" });
    assert.equal(serve({ target: "/x" }).status, 404);
  });
});

describe("try_files", () => {
  test("takes the last parameter, since there are no files", () => {
    const serve = snippetHost({
      server:
        `location /a { try_files $uri $uri/ =404; } location /b { try_files $uri @b; } location @b { return 200 b; }
        location /c { try_files $uri /app?x=1; }`,
      locations: { "/app": "", "/": "" },
    });
    assert.equal(serve({ target: "/a" }).status, 404);
    assert.equal(serve({ target: "/b" }).body, "b");
    const { proxied, exchange } = serve({ target: "/c" });
    assert.equal(proxied, "/app");
    assert.equal(exchange.query, "x=1");
  });
});

describe("a snippet that cannot be honoured", () => {
  test("denies the host, or only the block that it stands in", () => {
    const host = snippetHost({ server: "limit_req zone=a;" }, ["DirectiveNotHonoured"]);
    assert.equal(host().status, 503);
    const block = snippetHost({ server: "location /a { auth_request /x; return 200; }" }, ["DirectiveNotHonoured"]);
    assert.equal(block({ target: "/a" }).status, 503);
    assert.equal(block().status, 200);
    const location = snippetHost({ locations: { "/a": "if ($x { return 200;", "/": "" } }, ["SnippetSyntax"]);
    assert.equal(location({ target: "/a" }).status, 503);
    assert.equal(location().status, 200);
  });
});

describe("internal", () => {
  const serve = snippetHost({
    server: `
      rewrite ^/srv$ /int/srv;
      location /int { internal; return 200 "int $uri"; }
      location /tf { try_files /none /int/tf; }
      location /tfn { try_files /none @named; }
      location @named { internal; return 200 named; }
      location /rw { rewrite ^/rw(.*) /int/rw$1 last; }
      location /rwc { rewrite ^/rwc(.*) /int/rwc$1; }
      location /ep { error_page 403 /int/ep; deny all; }
      location /chain { rewrite ^ /chain2 last; }
      location /chain2 { rewrite ^ /direct last; }
      location /direct { internal; return 200 direct; }
    `,
    locations: { "/": "rewrite ^/gen /int/gen last;" },
  });
  const rows: [target: string, status: number, body: string | undefined][] = [
    ["/int/a", 404, undefined],
    ["/direct", 404, undefined],
    ["/srv", 200, "int /int/srv"],
    ["/tf", 200, "int /int/tf"],
    ["/tfn", 200, "named"],
    ["/rw/1", 200, "int /int/rw/1"],
    ["/rwc/1", 200, "int /int/rwc/1"],
    ["/ep", 403, "int /int/ep"],
    ["/chain", 200, "direct"],
    ["/gen", 200, "int /int/gen"],
  ];
  for (const [target, status, body] of rows) {
    test(`answers ${target} with ${status}`, () => {
      const served = serve({ target });
      assert.deepEqual([served.status, served.body], [status, body]);
    });
  }
});

describe("a configuration-snippet", () => {
  test("with internal keeps clients out, and lets in who was rewritten", () => {
    const serve = snippetHost({
      server: "rewrite ^/in$ /x/in;",
      locations: { "/x": "internal;", "/": "" },
    });
    assert.equal(serve({ target: "/x" }).status, 404);
    assert.equal(serve({ target: "/in" }).proxied, "/x");
    assert.equal(serve({ target: "/y" }).proxied, "/");
  });

  test("with try_files closes the path: in nginx no request would get to the upstream", () => {
    const serve = snippetHost({ locations: { "/": "try_files $uri =404;" } }, ["SnippetSyntax"]);
    assert.equal(serve({ target: "/x" }).status, 503);
  });
});
