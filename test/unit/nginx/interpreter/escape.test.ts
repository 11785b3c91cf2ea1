/**
 * What becomes of each byte of a request's path where a rewrite, a return or `set` takes it over, against answers of nginx
 * 1.22 (test/fixture/nginx/escapes.json): which bytes it escapes when the path had an escape in it, and which when it had
 * none. All others stand there as they are; `none` are those that it did not let get so far, or dropped.
 */
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { encodePath, normalizePath } from "../../../../src/http/mod.ts";
import { snippetHost } from "../../../support/snippet-host.ts";

/** Hexadecimal digits, two a byte. */
interface Bytes {
  readonly escaped: string;
  readonly none: string;
}
type Way = "escaped" | "plain";

const ANSWERS: Readonly<Record<string, Readonly<Record<Way, Bytes>>>> = JSON.parse(
  readFileSync(new URL("../../../fixture/nginx/escapes.json", import.meta.url), "utf8"),
);

/** What comes before the bytes, and the snippet; `sent`: they are looked for in what the upstream gets. */
const PLACES: Readonly<Record<string, readonly [before: string, snippet: string, from: "sent" | "location" | "body"]>> =
  {
    "rewrite-path": ["/n/", "rewrite ^/(.*)$ /n/$1 break;", "sent"],
    "rewrite-path-variable": ["/n/", "rewrite ^/(.*)$ /n$uri break;", "sent"],
    "rewrite-query": ["/n?x=", "rewrite ^/(.*)$ /n?x=$1 break;", "sent"],
    "rewrite-redirect-path": ["http://a.example/n/", "rewrite ^/(.*)$ /n/$1 redirect;", "location"],
    "rewrite-redirect-url": ["http://h/n/", "rewrite ^/(.*)$ http://h/n/$1;", "location"],
    "rewrite-redirect-query": ["http://h/n?x=", "rewrite ^/(.*)$ http://h/n?x=$1;", "location"],
    "rewrite-redirect-variable": ["http://h/n/", "rewrite ^ http://h/n$uri;", "location"],
    "rewrite-redirect-query-variable": ["http://h/n?x=/", "rewrite ^ http://h/n?x=$uri;", "location"],
    "return-url": ["http://h/n/", "if ($uri ~ ^/(.*)$) { return 302 http://h/n/$1; }", "location"],
    "return-path": ["http://a.example/n/", "if ($uri ~ ^/(.*)$) { return 302 /n/$1; }", "location"],
    "return-query": ["http://h/n?x=", "if ($uri ~ ^/(.*)$) { return 302 http://h/n?x=$1; }", "location"],
    "set-args": ["/n?x=", "if ($uri ~ ^/(.*)$) { set $args x=$1; } rewrite ^ /n break;", "sent"],
    "return-text": ["", "if ($uri ~ ^/(.*)$) { return 200 $1; }", "body"],
  };

function bytesOf(hex: string): ReadonlySet<number> {
  return new Set(hex.match(/../g)?.map((each) => Number.parseInt(each, 16)));
}

function escape(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** In a Location nginx sends these as they are. Here they are escaped, which leads to the same place and breaks no field. */
function isUnsafe(byte: number): boolean {
  return byte <= 0x20 || byte >= 0x7f;
}

describe("bytes of the path", () => {
  assert.deepEqual(Object.keys(PLACES).sort(), Object.keys(ANSWERS).sort());
  for (const [name, [before, snippet, from]] of Object.entries(PLACES)) {
    for (const way of ["escaped", "plain"] as const) {
      test(`are escaped in ${name} as nginx does, ${way === "escaped" ? "as an escape" : "raw"}`, () => {
        const serve = snippetHost({ locations: { "/": snippet } });
        const answers = ANSWERS[name]![way];
        const escaped = bytesOf(answers.escaped);
        const none = bytesOf(answers.none);
        let compared = 0;
        for (let byte = 0; byte < 256; byte++) {
          if (none.has(byte)) continue;
          compared++;
          const target = `/A${way === "escaped" ? escape(byte) : String.fromCharCode(byte)}Z`;
          const { exchange, fields, body } = serve({ target, path: normalizePath(target)! });
          const { path, query } = exchange;
          const text = from === "location"
            ? fields.get("location")
            : from === "body"
            ? typeof body === "object" ? String.fromCharCode(...body) : body
            : encodePath(path) + (query === undefined ? "" : `?${query}`);
          const wanted = escaped.has(byte) || (from === "location" && isUnsafe(byte))
            ? escape(byte)
            : String.fromCharCode(byte);
          assert.equal(text, `${before}A${wanted}Z`, `byte ${escape(byte)}`);
        }
        assert.ok(compared > 200, `${compared} bytes compared`);
      });
    }
  }
});

describe("a group in set and if is escaped", () => {
  const rows: readonly (readonly [what: string, snippet: string, body: string])[] = [
    ["set, before a rewrite", "if ($uri ~ ^/(.*)$) { set $x $1; return 200 $x; }", "A%26%2B%20Z"],
    [
      "set, after a rewrite that does not match",
      "rewrite ^/no$ /z; if ($uri ~ ^/(.*)$) { set $x $1; return 200 $x; }",
      "A%26%2B%20Z",
    ],
    ["not after a rewrite that matches", "rewrite ^/(.*)$ /z/$1; set $x $1; return 200 $x;", "A&+ Z"],
    [
      "if",
      'if ($uri ~ ^/(.*)$) { set $x yes; } set $y "A&+ Z"; if ($y = $1) { return 200 plain; } return 200 no;',
      "no",
    ],
    ["not in a named group", "if ($uri ~ ^/(?<nm>.*)$) { set $x $nm; return 200 $x; }", "A&+ Z"],
  ];
  for (const [what, snippet, body] of rows) {
    test(what, () => {
      assert.equal(snippetHost({ locations: { "/": snippet } })({ target: "/A%26+%20Z" }).body, body);
    });
  }
});

describe("a rewrite that redirects", () => {
  const rows: readonly (readonly [snippet: string, target: string, location: string])[] = [
    [
      "rewrite ^/(.*)$ http://h/%41%2f%3f%3Fz%42/$1 redirect;",
      "/%41%3f%25%26?u=%41",
      "http://h/A/?%3Fz%42/A%3F%25%26?u=%41",
    ],
    ["rewrite ^/(.*)$ /n/$1 redirect;", "/a%3fb%3fc%26?u=%26%41", "http://a.example/n/a?b%3Fc%26?u=%26%41"],
    ["rewrite ^/(.*)$ http://h/n/$1 redirect;", "/a%26b%252541?u=%26", "http://h/n/a&b%252541?u=%26"],
    ["rewrite ^/(.*)$ /n/$1?y redirect;", "/a%20?u=1", "http://a.example/n/a%20?y&u=1"],
    ["rewrite ^/(.*)$ /n/$1? redirect;", "/a?u=1", "http://a.example/n/a"],
  ];
  for (const [snippet, target, location] of rows) {
    test(`${snippet} for ${target}`, () => {
      assert.equal(snippetHost({ locations: { "/": snippet } })({ target }).fields.get("location"), location);
    });
  }
});
