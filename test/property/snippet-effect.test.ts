/**
 * No part of a snippet is without effect and without a finding: what is parsed is compiled, or has a finding, or stands in
 * a block that has one; and a location block that has none gets a request.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createCompiler } from "../../src/compiler/mod.ts";
import { Store } from "../../src/kube/mod.ts";
import { compileServerProgram, parseSnippet } from "../../src/nginx/mod.ts";
import { parseTree } from "../../src/nginx/syntax/parser.ts";
import type { Directive } from "../../src/nginx/syntax/tree.ts";
import { LocationTable } from "../../src/proxy/router/mod.ts";
import type { VirtualHost } from "../../src/snapshot/mod.ts";
import { compilerOptions, configMap, ingress } from "../support/compiler.ts";
import { fakeExchange } from "../support/exchange.ts";
import { type Random, random } from "../support/random.ts";

/** `N` is a number that no other statement has. */
const STATEMENTS = [
  "set $vN xN;",
  "set $proxy_host hN;",
  "set $namespace nN;",
  "return 200 bN;",
  "return 403 tN;",
  "rewrite ^/aN /bN last;",
  "rewrite ^/aN https://bN/ redirect;",
  "break;",
  "add_header X-N vN;",
  "add_header Connection vN;",
  "more_set_headers 'X-N: vN' 'X-E';",
  "more_clear_headers X-N Y-N*;",
  "more_set_input_headers 'X-N: vN';",
  "more_clear_input_headers X-N;",
  "proxy_set_header X-N vN;",
  "proxy_hide_header X-N;",
  "allow 10.0.0.0/8;",
  "allow unix:;",
  "deny all;",
  "expires N;",
  "expires $vN;",
  "error_page 404 /eN;",
  "error_page 403 =200 @nN;",
  "default_type text/xN;",
  "internal;",
  "try_files $uri =404;",
  "try_files $uri @nN;",
  "auth_basic rN;",
  "gzip on;",
  "root /rN;",
  "proxy_pass http://uN;",
  "sendfile on;",
  "nonsense N;",
  "access_by_lua_block { x = N }",
];
const OPENINGS = [
  "if ($arg_a = N) {",
  "if ($uri ~ ^/N) {",
  "if (-f /N) {",
  "location /N {",
  "location = /N {",
  "location ^~ /N {",
  "location ~ ^/N {",
  "location ~ N {",
  "location /1 {",
  "location /10 {",
  "location ~ ^/1 {",
  "location @n {",
  "types {",
];

/** One statement a line. */
function write(next: Random, depth: number, lines: string[]): void {
  for (let i = next(4) + 1; i > 0; i--) {
    const number = String(lines.length + 10);
    if (depth < 3 && next(3) === 0) {
      lines.push(next.of(OPENINGS).replaceAll("N", number));
      write(next, depth + 1, lines);
      lines.push("}");
    } else lines.push(next.of(STATEMENTS).replaceAll("N", number));
  }
}

/** What a compiled program says, without the blocks in it: a number for each statement that makes it up. */
function count(program: unknown): number {
  if (Array.isArray(program)) return program.reduce((sum, each) => sum + count(each), 0);
  if (program === null || typeof program !== "object") return 0;
  const { statements, settings, locations, block, program: inner } = program as Record<string, unknown>;
  const own = ["statements", "settings", "locations"].reduce((sum, key) => {
    const list = (program as Record<string, unknown>)[key];
    return sum + (Array.isArray(list) ? list.length : 0);
  }, 0);
  return own + count(statements) + count(settings) + count(locations) + count(block) + count(inner);
}

/** Statements that no finding is about, nor about a block that they stand in. */
function withoutFinding(tree: readonly Directive[], lines: ReadonlySet<number>): Directive[] {
  return tree.flatMap((directive) =>
    lines.has(directive.line) ? [] : [directive, ...withoutFinding(directive.block ?? [], lines)]
  );
}

describe("statements of random snippets", () => {
  test("are compiled, or have a finding, or stand in a block that has one", () => {
    const next = random(7);
    for (let round = 0; round < 2000; round++) {
      const lines: string[] = [];
      write(next, 0, lines);
      const text = lines.join("\n");
      const { program, findings } = parseSnippet(text, next.of(["server", "location"] as const));
      const rest = withoutFinding(parseTree(text), new Set(findings.map(({ line }) => line)));
      // findings that leave a statement in force let more be compiled
      assert.ok(count(program) >= rest.length, `${text}\n${JSON.stringify(program)}\n${JSON.stringify(findings)}`);
      const compiled = JSON.stringify(program);
      for (const { line } of rest) {
        const mark = String(line + 9);
        if (lines[line - 1]!.includes(mark)) {
          assert.ok(compiled.includes(mark), `line ${line} of\n${text}\n${compiled}`);
        }
      }
    }
  });
});

const PATHS = ["/", "/a", "/a/", "=/a", "/a/b", "=/", "/b"];
const MATCHES = [
  "/",
  "= /",
  "^~ /",
  "/a",
  "/a/",
  "^~ /a/",
  "= /a",
  "= /a/",
  "/a/b/",
  "/ab",
  "~ ^/a",
  "~* ^/a",
  "~* ^/a/",
  "~ ^/a/b",
  "~ b",
  "~* ^/",
  "~ ^/x$",
  "/x",
];
const PROBES = ["/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/b", "/A", "/A/B", "/x", "/c"]
  .flatMap((path) => ["", "x", "/x", "b", "/b", "/c"].map((end) => (path + end).replace("//", "/")));

/** Line of the block that a request meets; `undefined`: a generated location. */
function probe(host: VirtualHost): (path: string) => string | undefined {
  const table = new LocationTable(
    host.locations.flatMap(({ match }) => match.kind === "slash-redirect" ? [] : [[match, null] as const]),
  );
  const own = host.policies["server-snippet"]?.program ?? null;
  const { locations } = compileServerProgram(own, host.policies["global-server-snippet"]?.program ?? null);
  return (path) => {
    const x = fakeExchange({ target: path });
    const answer = locations?.find(x, table.find(path)?.found)?.handle(x);
    return typeof answer === "object" ? String(answer.body) : undefined;
  };
}

describe("location blocks of random server-snippets beside random paths", () => {
  test("get a request, or have a finding, or the host is closed", () => {
    const next = random(20);
    const some = (name: string): string[] =>
      Array.from({ length: next(4) }, (_, i) => `location ${next.of(MATCHES)} { return 200 ${name}${i + 1}; }`);
    for (let round = 0; round < 800; round++) {
      const snippets = { own: some("own"), global: some("global") };
      const annotations: Record<string, string> = next(3) === 0 ? { "use-regex": "true" } : {};
      const data: Record<string, string> = {
        "allow-snippet-annotations": "true",
        "annotations-risk-level": "Critical",
      };
      if (snippets.own.length > 0) annotations["server-snippet"] = snippets.own.join("\n");
      if (snippets.global.length > 0) data["server-snippet"] = snippets.global.join("\n");
      const paths = Object.fromEntries(Array.from({ length: next(3) + 1 }, () => [next.of(PATHS), "echo"]));
      const store = new Store();
      store.apply({
        put: [configMap("config", data), ingress("app", { "a.example": paths }, { annotations })],
        remove: [],
      });
      const compiler = createCompiler(compilerOptions({ configMap: "default/config" }));
      const { snapshot, diagnostics } = compiler.compile(store, []);
      const host = snapshot.virtualHosts["a.example"]!;
      const what = JSON.stringify({ snippets, paths, annotations, diagnostics });
      if (host.policies["server-snippet"]?.program.denied ?? host.policies["global-server-snippet"]?.program.denied) {
        assert.ok(
          diagnostics.some(({ reason, severity }) => reason === "DuplicateLocation" && severity === "error"),
          what,
        );
        continue;
      }
      const ask = probe(host);
      const met = new Set(PROBES.map(ask));
      for (const [name, blocks] of Object.entries(snippets)) {
        blocks.forEach((_, i) => {
          const place = `line ${i + 1}, column 1`;
          const told = diagnostics.some(({ reason, message, object }) => {
            if (reason !== "LocationWithoutEffect") return false;
            if (message.startsWith(`read server-snippet, ${place}:`)) {
              return (object?.kind === "ConfigMap") === (name === "global");
            }
            return message.includes(
              `server-snippet${name === "global" ? " of the ConfigMap" : ""}, ${place}, on host "a`,
            );
          });
          assert.equal(met.has(`${name}${i + 1}`), !told, `block ${i + 1} of ${name}: ${what}`);
        });
      }
    }
  });
});
