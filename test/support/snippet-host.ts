/**
 * A host with snippets and one upstream, without wire or pipeline: runs the phases in nginx's order.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Answer, Exchange } from "../../src/http/exchange.ts";
import {
  compileLocationProgram,
  compileServerProgram,
  type Finding,
  MAX_REWRITE_ROUNDS,
  parseSnippet,
  type SnippetProgram,
} from "../../src/nginx/mod.ts";
import { fakeAttempt, type FakeExchange, fakeExchange, MemoryFields } from "./exchange.ts";

export interface HostSnippets {
  readonly server?: string;
  /** Of the ConfigMap. */
  readonly serverLast?: string;
  /** Prefix path -> configuration-snippet; default: `/` without one. */
  readonly locations?: Readonly<Record<string, string>>;
}

export interface Served {
  readonly exchange: Exchange;
  readonly status: number;
  readonly body: string | Uint8Array | undefined;
  readonly fields: MemoryFields;
  /** Path of the location that proxied; `null`: the answer was made here. */
  readonly proxied: string | null;
  /** Searches of the location. */
  readonly rounds: number;
}

/** Response of the upstream. */
export interface UpstreamResponse {
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string | readonly string[]>>;
}

/** Serves requests by the programs, after these went through JSON. Findings must be expected. */
export function snippetHost(snippets: HostSnippets, expected: readonly Finding["reason"][] = []) {
  const findings: Finding[] = [];
  const variables: string[] = [];
  const parse = (text: string | undefined, context: "server" | "location"): SnippetProgram | null => {
    if (text === undefined) return null;
    const parsed = parseSnippet(text, context, { variables });
    variables.push(...parsed.variables);
    findings.push(...parsed.findings);
    return JSON.parse(JSON.stringify(parsed.program));
  };
  const server = compileServerProgram(parse(snippets.server, "server"), parse(snippets.serverLast, "server"));
  const locations = Object.entries(snippets.locations ?? { "/": "" })
    .map(([path, text]) => ({ path, program: compileLocationProgram(server, [parse(text, "location")!]) }))
    .sort((a, b) => b.path.length - a.path.length);
  assert.deepEqual(findings.map(({ reason }) => reason), expected, JSON.stringify(findings));

  return (given: FakeExchange = {}, upstream: UpstreamResponse = {}): Served => {
    const exchange = fakeExchange(given);
    let edit = server.response;
    let rounds = 0;
    let proxied: string | null = null;

    const finish = (answer: Answer): Served => {
      exchange.status = answer.status;
      const fields = new MemoryFields(answer.fields ?? []);
      fields.set("Content-Type", answer.contentType ?? "text/html");
      exchange.response = fields;
      edit?.(exchange);
      return { exchange, status: exchange.status, body: answer.body, fields, proxied, rounds };
    };

    const early = server.rewrite?.(exchange) ?? server.rewriteLast?.(exchange);
    if (early !== undefined) return finish(early);
    for (;;) {
      if (rounds++ > MAX_REWRITE_ROUNDS) return finish({ status: 500 });
      const location = locations.find(({ path }) => exchange.path.startsWith(path))!;
      const written = server.locations?.find(exchange, {
        exact: false,
        prefixLength: location.path.length,
        regex: false,
      });
      if (written !== undefined) {
        edit = server.response;
        const answer = written.handle(exchange);
        if (answer === "restart") continue;
        return finish(answer);
      }
      const { program } = location;
      edit = program.response;
      const verdict = program.rewrite?.(exchange);
      if (verdict === "restart") continue;
      const answer = verdict ?? program.access?.(exchange);
      if (answer !== undefined) return finish(answer);
      program.upstreamFields?.(exchange);
      proxied = location.path;
      Object.assign(exchange, { attempts: [fakeAttempt()] });
      const made = finish({ status: upstream.status ?? 200 });
      const fields = MemoryFields.of(upstream.fields);
      exchange.response = fields;
      edit?.(exchange);
      return { ...made, body: undefined, fields };
    }
  };
}
