/**
 * The snippets of a generated location, compiled: configuration-snippet, the ConfigMap's location-snippet, and what they
 * inherit from the host.
 *
 * @module
 */
import type { Answer, Exchange } from "../../http/exchange.ts";
import type { SnippetProgram } from "../program.ts";
import { ValueTooLong } from "../template.ts";
import { compileHandWritten, levelOf, setLevel } from "./hand-written.ts";
import { Level } from "./level.ts";
import { LocationSearch } from "./location-search.ts";
import type { ServerProgram } from "./server-program.ts";
import { compileServerProgram } from "./server-program.ts";
import { inherit } from "./settings.ts";
import { compileStatements } from "./statements.ts";
import { INTERNAL_ERROR, NOT_FOUND, unavailable, type Verdict } from "./verdict.ts";

/** What the data plane runs for a location. Functions that would do nothing are `undefined`. */
export interface LocationProgram {
  /** Location rewrite step, `more_set_input_headers` included. `restart`: search the location again. */
  readonly rewrite: ((x: Exchange) => Verdict) | undefined;
  /** Access step: `allow` and `deny`. */
  readonly access: ((x: Exchange) => Answer | undefined) | undefined;
  /** Just before proxying: `proxy_set_header`. */
  readonly upstreamFields: ((x: Exchange) => void) | undefined;
  /** Header filters of all responses. */
  readonly response: ((x: Exchange) => void) | undefined;
  /** The page that `error_page` names for an answer made here without a body of its own. */
  readonly errorPage: ((x: Exchange, answer: Answer) => Answer) | undefined;
}

/**
 * Compiles once, when tables are built.
 *
 * @param server the host's snippets; `null`: it has none
 * @param programs of the location, in order: configuration-snippet, location-snippet
 */
export function compileLocationProgram(
  server: ServerProgram | null,
  programs: readonly SnippetProgram[],
): LocationProgram {
  const { level: parent, pages } = server ?? compileServerProgram(null);
  const base = new Level(inherit(parent.settings, programs.flatMap(({ settings }) => settings)), pages, {});
  const levels = [base];
  const statements = programs.flatMap((program) => program.statements);
  const run = compileStatements(statements, base, (block) => {
    const level = new Level(inherit(base.settings, block.settings), pages, base.owner);
    levels.push(level);
    return level;
  }, setLevel);
  const nested = new LocationSearch(
    programs.flatMap(({ locations }) =>
      locations.map(({ match, program }) => ({ match, late: false, target: compileHandWritten(program, base, pages) }))
    ),
  );
  const denied = programs.find((program) => program.denied !== null)?.denied;
  const closed = typeof denied === "string" ? unavailable(denied) : undefined;
  const needed = closed !== undefined || statements.length > 0 || nested.reachable || base.editsRequest ||
    base.settings !== parent.settings;
  const of = (x: Exchange): Level => levelOf(x, base.owner) ?? base;

  function rewrite(x: Exchange): Verdict {
    if (base.settings.internal && !x.internal) {
      setLevel(x, base);
      return base.error(x, NOT_FOUND);
    }
    if (nested.reachable) {
      const inner = nested.find(x);
      if (inner !== undefined) return inner.handle(x);
    }
    const verdict = run(x);
    if (verdict !== undefined) return verdict;
    try {
      of(x).editRequest(x);
    } catch (error) {
      if (error instanceof ValueTooLong) return INTERNAL_ERROR;
      throw error;
    }
    return undefined;
  }

  const edits = nested.reachable || levels.some((level) => level.editsResponse);
  return {
    rewrite: closed !== undefined ? () => closed : needed || levels.some(hasAny) ? rewrite : undefined,
    access: levels.some((level) => level.hasAccess) ? (x) => of(x).access(x) : undefined,
    upstreamFields: levels.some((level) => level.hasUpstreamFields) ? (x) => of(x).editUpstreamFields(x) : undefined,
    response: edits ? (x) => of(x).editResponse(x) : undefined,
    errorPage: levels.some((level) => level.hasErrorPages) ? (x, answer) => of(x).error(x, answer) : undefined,
  };
}

function hasAny(level: Level): boolean {
  return level.editsResponse || level.hasAccess || level.hasUpstreamFields || level.hasErrorPages;
}
