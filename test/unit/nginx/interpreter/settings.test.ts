import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { snippetHost } from "../../../support/snippet-host.ts";

describe("response fields", () => {
  test("add_header holds for successful answers, always for all", () => {
    const serve = snippetHost({ locations: { "/": "add_header X-A 1; add_header X-B 2 always; add_header X-C '';" } });
    const good = serve().fields;
    assert.equal(good.get("x-a"), "1");
    assert.equal(good.get("x-b"), "2");
    assert.equal(good.has("x-c"), false);
    const bad = serve({}, { status: 404 }).fields;
    assert.equal(bad.has("x-a"), false);
    assert.equal(bad.get("x-b"), "2");
  });

  test("add_header adds a line", () => {
    const serve = snippetHost({ locations: { "/": "add_header Cache-Control private;" } });
    assert.deepEqual(serve({}, { fields: { "Cache-Control": "max-age=1" } }).fields.getAll("cache-control"), [
      "max-age=1",
      "private",
    ]);
  });

  test("add_header of a location takes the place of all those of the host", () => {
    const serve = snippetHost({
      server: "add_header X-Srv srv;",
      locations: { "/one": "add_header X-Loc loc;", "/": "" },
    });
    const one = serve({ target: "/one" }).fields;
    assert.equal(one.get("x-loc"), "loc");
    assert.equal(one.has("x-srv"), false);
    assert.equal(serve().fields.get("x-srv"), "srv");
  });

  test("of several conditions that hold the last decides, even one that sets nothing", () => {
    const serve = snippetHost({
      locations: {
        "/": "add_header X-Loc 1; if ($arg_a) { add_header X-If a; } if ($arg_b) { set $b 1; }",
      },
    });
    const fields = (target: string) => {
      const { fields } = serve({ target });
      return [fields.get("x-loc"), fields.get("x-if")];
    };
    assert.deepEqual(fields("/"), ["1", undefined]);
    assert.deepEqual(fields("/?a=1"), [undefined, "a"]);
    assert.deepEqual(fields("/?a=1&b=1"), ["1", undefined]);
  });

  test("more_set_headers replaces, adds up, and acts on every status", () => {
    const serve = snippetHost({
      server: 'more_set_headers "X-Srv: yes" "X-Both: srv"; location = /gone { return 410; }',
      locations: { "/": 'more_set_headers "X-Powered-By: me" X-Gone "X-Both: loc";' },
    });
    const { fields } = serve({}, { status: 500, fields: { "X-Powered-By": ["php", "zend"], "X-Gone": "1" } });
    assert.deepEqual(fields.getAll("x-powered-by"), ["me"]);
    assert.equal(fields.has("x-gone"), false);
    assert.equal(fields.get("x-srv"), "yes");
    assert.equal(fields.get("x-both"), "loc");
    const gone = serve({ target: "/gone" });
    assert.equal(gone.status, 410);
    assert.equal(gone.fields.get("x-srv"), "yes");
  });

  test("more_set_headers takes white space for the colon", () => {
    const rows: [parameter: string, name: string, value: string | undefined][] = [
      ["Cache-Control no-cache", "cache-control", "no-cache"],
      ["X-A : v", "x-a", "v"],
      ["X-B\tt", "x-b", "t"],
      ["X-H: :v", "x-h", "v"],
      ["X-J:::v", "x-j", "v"],
      ["X-G:h  i", "x-g", "h  i"],
      ["X-D", "x-d", undefined],
      ["X-E:", "x-e", undefined],
      ["X-F: ", "x-f", undefined],
    ];
    for (const [parameter, name, value] of rows) {
      const serve = snippetHost({ locations: { "/": `more_set_headers "${parameter}";` } });
      assert.equal(serve({}, { fields: { [name]: "old" } }).fields.get(name), value, parameter);
    }
  });

  test("headers-more acts before expires, and expires before add_header", () => {
    const serve = snippetHost({
      locations: {
        "/": `add_header X-M n; add_header X-N z; expires epoch; more_set_headers "X-M: m" "Cache-Control: private";
          more_clear_headers X-N; add_header Cache-Control public;`,
      },
    });
    const { fields } = serve();
    assert.deepEqual(fields.getAll("x-m"), ["m", "n"]);
    assert.deepEqual(fields.getAll("x-n"), ["z"]);
    assert.deepEqual(fields.getAll("cache-control"), ["no-cache", "public"]);
  });

  test("add_header with an empty value removes Last-Modified and ETag, where it acts", () => {
    const serve = snippetHost({ locations: { "/": 'add_header Last-Modified ""; add_header ETag "$arg_none";' } });
    const given = { fields: { "Last-Modified": "x", "ETag": "y" } };
    const good = serve({}, given).fields;
    assert.deepEqual([good.has("last-modified"), good.has("etag")], [false, false]);
    const bad = serve({}, { ...given, status: 404 }).fields;
    assert.deepEqual([bad.has("last-modified"), bad.has("etag")], [true, true]);
  });

  test("more_set_headers -s and -t choose responses", () => {
    const serve = snippetHost({
      locations: {
        "/": `more_set_headers -s 404 -s '500 503' "X-Err: yes"; more_set_headers -t 'text/css' "X-Css: yes";`,
      },
    });
    assert.equal(serve().fields.has("x-err"), false);
    assert.equal(serve({}, { status: 503 }).fields.get("x-err"), "yes");
    assert.equal(serve({}, { fields: { "Content-Type": "text/CSS; charset=utf-8" } }).fields.get("x-css"), "yes");
    assert.equal(serve({}, { fields: { "Content-Type": "text/html" } }).fields.has("x-css"), false);
  });

  test("more_clear_headers removes, also by a trailing *, but never what frames the message", () => {
    const serve = snippetHost({ locations: { "/": 'more_clear_headers "X-Powered-By" "X-Debug-*" "C*";' } });
    const { fields } = serve({}, {
      fields: { "X-Powered-By": "php", "X-Debug-A": "1", "X-Debug-B": "2", "X-Keep": "1", "Content-Length": "3" },
    });
    assert.deepEqual([...fields].map(([name]) => name), ["X-Keep", "Content-Length"]);
  });

  test("more_clear_headers passes over what stands behind a name", () => {
    const serve = snippetHost({ locations: { "/": 'more_clear_headers "X-A: 1" "X-B 1" "X-C*: q" X-D:;' } });
    const { fields } = serve({}, { fields: { "X-A": "2", "X-B": "2", "X-Cc": "2", "X-D": "2", "X-E": "2" } });
    assert.deepEqual([...fields].map(([name]) => name), ["X-E"]);
  });

  test("proxy_hide_header hides a field of the upstream only", () => {
    const serve = snippetHost({ locations: { "/": "proxy_hide_header X-A; add_header X-A mine;" } });
    assert.deepEqual(serve({}, { fields: { "X-A": "theirs" } }).fields.getAll("x-a"), ["mine"]);
  });

  test("line ends in values never reach the wire", () => {
    const serve = snippetHost({ locations: { "/": 'add_header X-Path "$uri"; more_set_headers "X-More: $uri";' } });
    const { fields } = serve({ target: "/a%0d%0ab" });
    assert.equal(fields.get("x-path"), "/a b");
    assert.equal(fields.get("x-more"), "/a b");
  });

  test("expires sets Expires and Cache-Control", () => {
    const of = (when: string, fields = {}, status = 200) => {
      const served = snippetHost({ locations: { "/": `expires ${when};` } })({}, { fields, status }).fields;
      return [served.get("cache-control"), served.get("expires")];
    };
    assert.equal(of("1h")[0], "max-age=3600");
    assert.equal(of("+1h")[0], "max-age=3600");
    assert.equal(of("-1")[0], "no-cache");
    assert.deepEqual(of("epoch"), ["no-cache", "Thu, 01 Jan 1970 00:00:01 GMT"]);
    assert.deepEqual(of("max"), ["max-age=315360000", "Thu, 31 Dec 2037 23:55:55 GMT"]);
    assert.deepEqual(of("off"), [undefined, undefined]);
    assert.deepEqual(of("1h", {}, 404), [undefined, undefined]);
    assert.equal(
      of("modified 1h", { "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT" })[1],
      "Sun, 06 Nov 1994 09:49:37 GMT",
    );
    assert.equal(
      of("modified +1h", { "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT" })[1],
      "Sun, 06 Nov 1994 09:49:37 GMT",
    );
    assert.match(of("@15h30m")[0]!, /^max-age=\d+$/);
    assert.equal(of("1d", { "Cache-Control": "private" })[0], "max-age=86400");
  });
});

describe("request fields", () => {
  test("proxy_set_header sets, replaces and removes what the upstream gets", () => {
    const serve = snippetHost({
      locations: {
        "/": `proxy_set_header X-Custom "v-$remote_addr"; proxy_set_header X-Secret ""; proxy_set_header Host b.example;
          proxy_set_header X-Old $http_x_new; proxy_set_header X-New $http_x_old;`,
      },
    });
    const { exchange } = serve({ headers: { "X-Secret": "1", "X-Other": "2", "X-Old": "o", "X-New": "n" } });
    const { request } = exchange;
    assert.equal(request.get("x-custom"), "v-127.0.0.1");
    assert.equal(request.has("x-secret"), false);
    assert.equal(request.get("x-other"), "2");
    assert.equal(request.get("x-old"), "n");
    assert.equal(request.get("x-new"), "o");
    assert.equal(exchange.forwardedHost, "b.example");
  });

  test("proxy_set_header leaves framing to the proxy and says so", () => {
    const serve = snippetHost({
      locations: {
        "/": 'proxy_set_header Connection ""; proxy_set_header Upgrade $http_upgrade; proxy_http_version 1.1;',
      },
    }, ["DirectiveWithoutEffect", "DirectiveWithoutEffect", "DirectiveNotHonoured"]);
    assert.equal(serve({ headers: { Upgrade: "websocket" } }).exchange.request.get("upgrade"), "websocket");
  });

  test("more_set_input_headers and more_clear_input_headers", () => {
    const serve = snippetHost({
      locations: {
        "/": `more_set_input_headers "X-In: one"; more_set_input_headers -r "X-There: two" "X-Absent: two";
          more_clear_input_headers X-Gone "X-Debug-*"; proxy_set_header X-Seen $http_x_in;`,
      },
    });
    const headers = { "X-Gone": "1", "X-In": ["client", "twice"], "X-There": "1", "X-Debug-A": "1" };
    const { request } = serve({ headers }).exchange;
    assert.deepEqual(request.getAll("x-in"), ["one"]);
    assert.equal(request.get("x-there"), "two");
    for (const name of ["x-gone", "x-absent", "x-debug-a"]) assert.equal(request.has(name), false, name);
    assert.equal(request.get("x-seen"), "one");
  });
});

describe("allow and deny", () => {
  test("are tried in order", () => {
    const serve = snippetHost({
      locations: { "/": "deny 127.0.0.5; allow 127.0.0.0/8; allow 2001:db8::/32; deny all;" },
    });
    const of = (clientAddress: string) => serve({ clientAddress }).status;
    assert.equal(of("127.0.0.1"), 200);
    assert.equal(of("127.0.0.5"), 403);
    assert.equal(of("2001:db8::1"), 200);
    assert.equal(of("10.0.0.1"), 403);
  });

  test("of the host hold for locations without their own", () => {
    const serve = snippetHost({
      server: "allow 127.0.0.1; deny all;",
      locations: { "/open": "allow all;", "/": "" },
    });
    assert.equal(serve({ clientAddress: "127.0.0.9" }).status, 403);
    assert.equal(serve({ clientAddress: "127.0.0.9", target: "/open" }).status, 200);
    assert.equal(serve().status, 200);
  });

  test("pass when no rule fits", () => {
    assert.equal(snippetHost({ locations: { "/": "deny 10.0.0.0/8;" } })().status, 200);
  });
});
