import { describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  compileLocationProgram,
  compileServerProgram,
  parseSnippet,
  type SnippetProgram,
} from "../../src/nginx/mod.ts";
import { fakeAttempt, fakeExchange, MemoryFields } from "../support/exchange.ts";
import { type Random, random } from "../support/random.ts";

const WORDS = [
  "if",
  "set",
  "return",
  "rewrite",
  "break",
  "location",
  "add_header",
  "more_set_headers",
  "more_clear_headers",
  "more_set_input_headers",
  "proxy_set_header",
  "allow",
  "deny",
  "expires",
  "error_page",
  "try_files",
  "internal",
  "access_by_lua_block",
  "limit_req",
  "include",
];
const PARTS = [
  "$a",
  "${a}",
  "$host",
  "$1",
  "=",
  "~",
  "~*",
  "!~",
  "(",
  ")",
  "/x",
  "^/(.*)$",
  "403",
  "200",
  "302",
  "always",
];
const MARKS = [
  " ",
  " ",
  ";",
  ";\n",
  "{",
  "}",
  '"',
  "'",
  "\\",
  "#",
  "\n",
  "$",
  "-s",
  "*",
  "@n",
  "X-A",
  "X-A: $uri",
  "1h",
  "é",
];

/** Half way sensible, half way not. */
function rubbish(next: Random): string {
  let out = "";
  for (let n = next(30); n > 0; n--) out += next.of(next.of([WORDS, PARTS, MARKS, MARKS])) + next.of(["", " ", " "]);
  return out;
}

const STATEMENTS = [
  "set $a $uri;",
  "set $a $a$a;",
  "set $args x=$a;",
  "if ($uri ~ ^/(x+)(.*)$) { set $a $2; }",
  "if ($a) { break; }",
  "if ($arg_q = 1) { add_header X-If $1; }",
  'if ($http_cookie ~* (?<named>c)) { more_set_headers "X-Named: $named"; }',
  "rewrite ^/x(.*)$ /y$1;",
  "rewrite ^/y(.*)$ /x$1 last;",
  "rewrite (.)$ $1$1 break;",
  "rewrite ^/z https://b.example/$1 redirect;",
  "if ($request_method = POST) { return 200 $a$uri; }",
  "if ($arg_q) { return 301 $uri; }",
  "add_header X-A $uri always;",
  'more_set_headers "X-B: $a$args" "X-C";',
  "more_clear_headers X-*;",
  'more_set_input_headers "X-In: $uri";',
  "proxy_set_header X-Up $a$host;",
  "allow 127.0.0.0/8; deny all;",
  "expires 1h;",
  "error_page 403 404 =200 /page;",
];

function program(text: string, context: "server" | "location", variables: readonly string[]): SnippetProgram {
  const parsed = parseSnippet(text, context, { variables });
  const copy = JSON.parse(JSON.stringify(parsed.program));
  assert.deepEqual(copy, parsed.program);
  return copy;
}

describe("snippets", () => {
  test("any text gives a program and findings with places inside the text, and never throws", () => {
    const next = random(31);
    for (let round = 0; round < 4000; round++) {
      const text = rubbish(next);
      const context = next.of(["server", "location"] as const);
      const { program: made, findings } = parseSnippet(text, context);
      assert.deepEqual(JSON.parse(JSON.stringify(made)), made);
      const lines = text.split("\n");
      for (const { line, column, message } of findings) {
        assert.ok(line >= 1 && line <= lines.length, text);
        assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, text);
        assert.notEqual(message, "");
      }
      const server = compileServerProgram(context === "server" ? made : null);
      compileLocationProgram(server, context === "location" ? [made] : []);
    }
  });

  // a busy machine takes several times as long as an idle one
  test("any program answers or goes on for any request, and sends no line ends", { timeout: 60_000 }, () => {
    const next = random(77);
    const some = () => Array.from({ length: next(6) }, () => next.of(STATEMENTS)).join("\n");
    for (let round = 0; round < 1500; round++) {
      const page = "location = /page { return 200 page; } location /y { deny all; }";
      const variables = ["a", "named"];
      const server = compileServerProgram(
        program(`${some().replace(/^if .*(?:add_header|more_).*$/gm, "")}\n${page}`, "server", variables),
      );
      const location = compileLocationProgram(server, [program(some(), "location", variables)]);
      const target = next.of(
        ["/", "/x", "/xxx?q=1", "/y%0d%0aSet-Cookie:x", "/z", `/${"x".repeat(2000)}`, "/%C3%A9?q=2", "/%FF"]
          .filter((each) => each !== "/%FF"),
      );
      const x = fakeExchange({
        target,
        method: next.of(["GET", "POST"]),
        headers: { Cookie: "c=1", "X-In": "1" },
        clientAddress: next.of(["127.0.0.1", "10.0.0.1"]),
        variables: null,
      });
      let rounds = 0;
      let answer = server.rewrite?.(x);
      while (answer === undefined && rounds++ < 11) {
        const written = server.locations?.find(x, { exact: false, prefixLength: 1, regex: false });
        const verdict = written === undefined ? location.rewrite?.(x) : written.handle(x);
        if (verdict === "restart") continue;
        answer = verdict ?? location.access?.(x);
        break;
      }
      if (answer === undefined) {
        location.upstreamFields?.(x);
        Object.assign(x, { attempts: [fakeAttempt()] });
      }
      x.status = answer?.status ?? 200;
      x.response = new MemoryFields(answer?.fields ?? [["X-Up", "1"]]);
      (x.location === null ? location.response : server.response)?.(x);
      for (const [name, value] of [...x.response, ...x.request]) {
        assert.match(name, /^[A-Za-z-]+$/);
        // deno-lint-ignore no-control-regex
        assert.match(value, /^[^\x00\r\n\u0100-\uffff]*$/);
      }
    }
  });
});
