/**
 * What operators write: snippets, regular expressions, manifests. Any text is taken or refused with a place inside it, and
 * neither reading it nor running it takes long.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readManifestText } from "../../src/kube/manifest/manifest-text.ts";
import { Store } from "../../src/kube/mod.ts";
import {
  compileLocationProgram,
  compilePattern,
  compileServerProgram,
  instantiate,
  parseSnippet,
} from "../../src/nginx/mod.ts";
import { fakeExchange, MemoryFields } from "../../test/support/exchange.ts";
import { ingressText } from "../../test/support/manifest-folder.ts";
import { PATTERN_PIECES, YAML_PIECES } from "../../test/support/pieces.ts";
import { type FuzzTarget, mutated, texts } from "./target.ts";

const SNIPPETS = texts(
  'set $a $uri; if ($a ~* "^/x(.*)$") { return 302 https://b.example/$1?$args; }',
  'more_set_headers "X-A: $host" "X-B: ${a}b"; add_header X-C $request_id always;',
  "rewrite ^/a/(.*)$ /b/$1 last; rewrite (.)$ $1$1 break;",
  "location ~* \\.(js|css)$ { expires 1h; deny 10.0.0.0/8; allow all; }",
  "location = /x { internal; return 200 'hello\\n'; }",
  "error_page 403 404 =200 /page; proxy_set_header Host $http_x_host;\n# a comment",
  "if ($http_cookie ~ 'a=(?<name>[^;]+)') { set $b $name; break; }",
);
const SNIPPET_PIECES = texts(
  ";",
  "{",
  "}",
  "$",
  "${",
  "\\",
  '"',
  "'",
  "#",
  "\n",
  "(",
  ")",
  "if (",
  "$a",
  "$1",
  "~",
  "last;",
  "set $a $a$a$a$a;",
  "\0",
  "\xc3\xa9",
  "location /",
  "return 99999;",
);

export const snippet: FuzzTarget = {
  make: (next) => mutated(SNIPPETS, SNIPPET_PIECES, next),
  check: (input, next) => {
    const text = input.toString();
    const context = next.of(["server", "location"] as const);
    const { program, findings } = parseSnippet(text, context, { variables: ["a", "b"] });
    assert.deepEqual(JSON.parse(JSON.stringify(program)), program);
    const lines = text.split("\n");
    for (const { line, column, message } of findings) {
      assert.ok(line >= 1 && line <= lines.length, `line ${line}`);
      assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `column ${column}`);
      assert.notEqual(message, "");
    }
    const server = compileServerProgram(context === "server" ? program : null);
    const location = compileLocationProgram(server, context === "location" ? [program] : []);
    const x = fakeExchange({ target: next.of(["/", "/xx?a=b", "/a/b.js", `/${"x".repeat(500)}`]), method: "GET" });
    const answer = server.rewrite?.(x) ?? location.rewrite?.(x);
    if (answer === undefined) location.upstreamFields?.(x);
    x.status = 200;
    x.response = new MemoryFields([["X-Up", "1"]]);
    location.response?.(x);
    for (const [name, value] of [...x.response, ...x.request]) {
      assert.match(name, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
      // deno-lint-ignore no-control-regex
      assert.match(value, /^[^\x00\r\n\u0100-\uffff]*$/);
    }
  },
};

const PATTERNS = texts(
  "^/(api|web)/(?<rest>.*)$",
  "(a|b)*c",
  "[[:alpha:]_][^/]+\\.(?i:php|html?)$",
  "\\d{1,3}(?:\\.\\d{1,3}){3}",
  "(?=x)y|(?!z)",
  "(a+)+$",
  "\\bfoo\\B.{0,20}",
  "[\\w.-]+@[\\w-]+",
  "(.*)(.*)(.*)x",
  "^(?:/[a-z]{2})?/?$",
);
const BROKEN_PATTERNS = PATTERN_PIECES.map((piece) => Buffer.from(piece));
const SUBJECTS = [
  "",
  "/",
  "/api/v1/x.php",
  "a".repeat(3000),
  "ab".repeat(1500),
  `${"/a".repeat(1000)}!`,
  "\n",
  "é".repeat(50),
  "1.2.3.4",
  "x".repeat(2999) + "\n",
];
/** Of a busy machine; what is not linear takes longer by far. */
const SLOW_MS = 5000;

export const pattern: FuzzTarget = {
  make: (next) => mutated(PATTERNS, BROKEN_PATTERNS, next),
  check: (input, next) => {
    const text = input.toString();
    const begun = performance.now();
    const result = compilePattern(text, { caseInsensitive: next(2) === 0, ...next(2) === 0 ? { prefix: "^" } : {} });
    if (!result.ok) {
      assert.ok(result.offset >= 0 && result.offset <= text.length, `offset ${result.offset}`);
      assert.notEqual(result.message, "");
      return;
    }
    const matcher = instantiate(result.pattern);
    for (const subject of SUBJECTS) {
      assert.equal(
        matcher.exec(subject) !== null,
        matcher.test(subject),
        `test() and exec() differ on ${subject.slice(0, 20)}`,
      );
    }
    const tookMs = performance.now() - begun;
    assert.ok(tookMs < SLOW_MS, `took ${Math.round(tookMs)} ms`);
  },
};

const MANIFESTS = texts(
  ingressText("a", "a.example"),
  "apiVersion: v1\nkind: Service\nmetadata: {name: s, labels: &l {x: '1'}}\nspec: {ports: [{port: 80}], selector: *l}\n",
  "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: aGVsbG8=}\nstringData:\n  b: |\n    text\n    more\n",
  'kind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: "b\\n\\u00e9"}}\n---\n{"kind": "x"}\n',
  "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
);
const BROKEN_YAML = [...YAML_PIECES, "[".repeat(500), "- ".repeat(300)].map((piece) => Buffer.from(piece));

export const yaml: FuzzTarget = {
  make: (next) => mutated(MANIFESTS, BROKEN_YAML, next),
  check: async (input, next) => {
    const name = next(5) === 0 ? "a.json" : "a.yaml";
    const begun = performance.now();
    const reading = await readManifestText(name, Buffer.from(input));
    if (reading.kind === "broken") assert.ok(reading.problem.message.length > 0);
    else new Store().apply({ put: reading.text.documents.flatMap((document) => document.objects), remove: [] });
    const again = await readManifestText(name, Buffer.from(input));
    assert.deepEqual(again, reading);
    const tookMs = performance.now() - begun;
    assert.ok(tookMs < SLOW_MS, `took ${Math.round(tookMs)} ms`);
  },
};
