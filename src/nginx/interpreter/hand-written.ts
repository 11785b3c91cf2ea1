/**
 * A location block of a snippet at work: it answers by itself.
 *
 * @module
 */
import type { Answer, Exchange } from "../../http/exchange.ts";
import type { SnippetProgram } from "../program.ts";
import { fromBytes } from "../byte-text.ts";
import { compileTemplate, ValueTooLong } from "../template.ts";
import { redirectTo } from "./answer.ts";
import { Level, type PageSource } from "./level.ts";
import { LocationSearch } from "./location-search.ts";
import { inherit } from "./settings.ts";
import { compileStatements } from "./statements.ts";
import { INTERNAL_ERROR, NOT_FOUND, unavailable, type Verdict } from "./verdict.ts";

/** Runs after the location search chose a block of a snippet. */
export interface HandWrittenLocation {
  /** Never `undefined`: a block without an answer of its own has nothing but 404. */
  handle(x: Exchange): Answer | "restart";
}

/** `parent`: the level of the block that it stands in. */
export function compileHandWritten(program: SnippetProgram, parent: Level, pages: PageSource): HandWrittenLocation {
  if (program.denied !== null) {
    const answer = unavailable(program.denied);
    return { handle: () => answer };
  }
  const base = new Level(inherit(parent.settings, program.settings), pages, parent.owner);
  const rewrite = compileStatements(
    program.statements,
    base,
    (block) => new Level(inherit(base.settings, block.settings), pages, parent.owner),
    setLevel,
  );
  const nested = new LocationSearch(
    program.locations.map(({ match, program: inner }) => ({
      match,
      late: false,
      target: compileHandWritten(inner, base, pages),
    })),
  );
  const content = compileContent(base, pages);

  return {
    handle(x) {
      if (base.settings.internal && !x.internal) {
        setLevel(x, base);
        return base.error(x, NOT_FOUND);
      }
      if (nested.reachable) {
        const inner = nested.find(x);
        if (inner !== undefined) return inner.handle(x);
      }
      try {
        const verdict = rewrite(x);
        if (verdict !== undefined) return verdict;
        const level = levelOf(x, base.owner) ?? base;
        level.editRequest(x);
        return level.access(x) ?? content(x) ?? level.error(x, NOT_FOUND);
      } catch (error) {
        if (error instanceof ValueTooLong) return INTERNAL_ERROR;
        throw error;
      }
    },
  };
}

/** `try_files`. */
function compileContent(base: Level, pages: PageSource): (x: Exchange) => Verdict {
  const target = base.settings.tryFiles;
  if (target === null) return () => undefined;
  switch (target.kind) {
    case "status":
      return (x) => (levelOf(x, base.owner) ?? base).error(x, { status: target.status });
    case "named":
      return (x) => pages.named(x, target.name) ?? INTERNAL_ERROR;
    case "url": {
      const url = compileTemplate(target.url);
      return (x) => redirectTo(x, 302, url(x));
    }
    case "uri": {
      const uri = compileTemplate(target.uri);
      return (x) => {
        setUri(x, uri(x));
        return "restart";
      };
    }
    default:
      return target satisfies never;
  }
}

/** Path and query of an internal redirect. */
export function setUri(x: Exchange, uri: string): void {
  const mark = uri.indexOf("?");
  x.path = fromBytes(mark < 0 ? uri : uri.slice(0, mark));
  x.query = mark < 0 ? undefined : uri.slice(mark + 1);
  x.rewritten = true;
  x.internal = true;
}

/** The settings that hold for the rest of the exchange. */
export function setLevel(x: Exchange, level: Level): void {
  x.snippet = level;
}

/** `undefined`: none of this owner's has been chosen. */
export function levelOf(x: Exchange, owner: object): Level | undefined {
  return x.snippet instanceof Level && x.snippet.owner === owner ? x.snippet : undefined;
}
