/**
 * The snippets of a host, compiled: server-snippet of the annotation and of the ConfigMap.
 *
 * @module
 */
import type { Answer, Exchange } from "../../http/exchange.ts";
import type { SnippetProgram, Statement } from "../program.ts";
import { compileHandWritten, type HandWrittenLocation, levelOf, setLevel, setUri } from "./hand-written.ts";
import { Level, type PageSource } from "./level.ts";
import { LocationSearch } from "./location-search.ts";
import { inherit, NO_SETTINGS } from "./settings.ts";
import { compileStatements } from "./statements.ts";
import { unavailable } from "./verdict.ts";

/** What the data plane runs for a host. Functions that would do nothing are `undefined`. */
export interface ServerProgram {
  /** Statements of the annotation's snippet: before the host's policies (app-root) and the location search. */
  readonly rewrite: ((x: Exchange) => Answer | undefined) | undefined;
  /** Statements of the ConfigMap's snippet: after the host's policies. */
  readonly rewriteLast: ((x: Exchange) => Answer | undefined) | undefined;
  /** Location blocks; they compete with the generated locations. `undefined`: there are none. */
  readonly locations: LocationSearch<HandWrittenLocation> | undefined;
  /** Header filters for responses made before a location was chosen, or by a location block. */
  readonly response: ((x: Exchange) => void) | undefined;
  /** What locations inherit. */
  readonly level: Level;
  readonly pages: PageSource;
}

/** Compiles once, when tables are built. `null`: there is no such snippet. */
export function compileServerProgram(
  annotation: SnippetProgram | null,
  configMap: SnippetProgram | null = null,
): ServerProgram {
  const programs = [annotation, configMap].filter((program) => program !== null);
  // As in nginx, a page's own errors do not lead to further pages. Runs are synchronous, so a flag tells.
  let busy = false;
  const page = (run: () => Answer | "restart" | undefined): Answer | undefined => {
    if (busy) return undefined;
    busy = true;
    try {
      return answerOf(run());
    } finally {
      busy = false;
    }
  };
  const pages: PageSource = {
    named: (x, name) =>
      page(() => {
        x.internal = true;
        return locations.named(name)?.handle(x);
      }),
    uri: (x, uri) =>
      page(() => {
        setUri(x, uri);
        return locations.find(x)?.handle(x);
      }),
  };
  const level = new Level(inherit(NO_SETTINGS, programs.flatMap(({ settings }) => settings)), pages, {});
  const locations = new LocationSearch<HandWrittenLocation>(
    programs.flatMap((program) =>
      program.locations.map(({ match, program: inner }) => ({
        match,
        late: program === configMap,
        target: compileHandWritten(inner, level, pages),
      }))
    ),
  );
  return {
    rewrite: compileRewrite(annotation, level),
    rewriteLast: compileRewrite(configMap, level),
    locations: locations.reachable ? locations : undefined,
    response: level.editsResponse || locations.reachable
      ? (x) => (levelOf(x, level.owner) ?? level).editResponse(x)
      : undefined,
    level,
    pages,
  };
}

/** A page that wants another search is none. */
function answerOf(verdict: Answer | "restart" | undefined): Answer | undefined {
  return verdict === "restart" ? undefined : verdict;
}

function compileRewrite(
  program: SnippetProgram | null,
  level: Level,
): ((x: Exchange) => Answer | undefined) | undefined {
  if (program === null) return undefined;
  if (program.denied !== null) {
    const answer = unavailable(program.denied);
    return () => answer;
  }
  if (program.statements.length === 0) return undefined;
  const usesBreak = program.statements.some(breaks);
  const run = compileStatements(program.statements, level, () => level, setLevel);
  return (x) => {
    const verdict = run(x);
    // `break` ends this phase only, and the location is searched after it in any case.
    if (usesBreak) x.rewriteEnded = false;
    return verdict === "restart" ? undefined : verdict;
  };
}

function breaks(statement: Statement): boolean {
  if (statement.kind === "if") return statement.block.statements.some(breaks);
  return statement.kind === "break" || (statement.kind === "rewrite" && statement.then.kind === "break");
}
