/**
 * Statements of the rewrite module as one function.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import { fromBytes, toBytes } from "../byte-text.ts";
import { mediaTypeOf } from "../media-type.ts";
import { instantiate } from "../pattern/mod.ts";
import type { Block, Condition, ReturnStatement, RewriteStatement, SetStatement, Statement } from "../program.ts";
import type { Pattern } from "../../snapshot/snapshot.ts";
import { compileTemplate, hasCaptures, type Template, unescapeRedirect, ValueTooLong } from "../template.ts";
import { variableGetter } from "../variable/mod.ts";
import { REDIRECTS, redirectTo, textAnswer } from "./answer.ts";
import type { Level } from "./level.ts";
import { INTERNAL_ERROR, type Verdict } from "./verdict.ts";

/** What one run has done so far. Runs are synchronous and do not nest, so one object serves all. */
interface Run {
  level: Level;
  /** The path was rewritten and no `break` has accepted it. */
  changed: boolean;
  /** `set` and `if` escape groups as arguments: in nginx from the start of the phase until a `rewrite` has matched. */
  escapes: boolean;
}

/** `stop`: the remaining statements of the phase are skipped. */
type Step = (x: Exchange, run: Run) => Exclude<Verdict, "restart"> | "stop";

/**
 * Compiles the statements of a block. `levelOf` gives the level of an `if`'s settings; blocks at host level have none.
 * The function returns the verdict and stores the level by `settle`.
 */
export function compileStatements(
  statements: readonly Statement[],
  base: Level,
  levelOf: (block: Block) => Level,
  settle: (x: Exchange, level: Level) => void,
): (x: Exchange) => Verdict {
  const steps = statements.map((statement) => compileStatement(statement, base, levelOf));
  return (x) => {
    const run: Run = { level: base, changed: false, escapes: true };
    let verdict: Verdict;
    try {
      const result = runSteps(steps, x, run);
      verdict = result === "stop" || result === undefined ? (run.changed ? "restart" : undefined) : result;
    } catch (error) {
      if (!(error instanceof ValueTooLong)) throw error;
      verdict = INTERNAL_ERROR;
    }
    settle(x, run.level);
    return verdict;
  };
}

function runSteps(steps: readonly Step[], x: Exchange, run: Run): ReturnType<Step> {
  for (let i = 0; i < steps.length; i++) {
    const result = steps[i]!(x, run);
    if (result !== undefined) return result;
  }
  return undefined;
}

function compileStatement(statement: Statement, base: Level, levelOf: (block: Block) => Level): Step {
  switch (statement.kind) {
    case "set":
      return compileSet(statement);
    case "if": {
      const holds = compileCondition(statement.condition);
      const steps = statement.block.statements.map((inner) => compileStatement(inner, base, levelOf));
      // one without settings of its own ends those of another `if`, too
      const level = statement.block.settings.length === 0 ? base : levelOf(statement.block);
      return (x, run) => {
        if (!holds(x, run)) return undefined;
        run.level = level;
        return runSteps(steps, x, run);
      };
    }
    case "return":
      return compileReturn(statement);
    case "rewrite":
      return compileRewrite(statement);
    case "break":
      return (x, run) => {
        run.changed = false;
        x.rewriteEnded = true;
        return "stop";
      };
    default:
      return statement satisfies never;
  }
}

/** A value of `set` or `if`. */
function compileValue(value: Template): (x: Exchange, run: Run) => string {
  const plain = compileTemplate(value);
  if (!hasCaptures(value)) return plain;
  const escaped = compileTemplate(value, true);
  return (x, run) => run.escapes ? escaped(x) : plain(x);
}

function compileSet({ variable, value }: SetStatement): Step {
  const evaluate = compileValue(value);
  switch (variable) {
    case "args":
      return (x, run) => {
        x.query = evaluate(x, run);
        x.rewritten = true;
        return undefined;
      };
    case "best_http_host":
      return (x, run) => void (x.forwardedHost = evaluate(x, run));
    case "pass_access_scheme":
      return (x, run) => void (x.forwardedScheme = evaluate(x, run));
    case "pass_port":
      return (x, run) => void (x.forwardedPort = evaluate(x, run));
    case "pass_server_port":
      // the port for upstreams is derived from it after the snippets
      return (x, run) => {
        x.forwardedPort = evaluate(x, run);
        (x.variables ??= new Map()).set(variable, x.forwardedPort);
        return undefined;
      };
    case "proxy_upstream_name":
      return (x, run) => void (x.upstreamName = evaluate(x, run));
    default:
      return (x, run) => {
        const text = evaluate(x, run);
        (x.variables ??= new Map()).set(variable, text);
        return undefined;
      };
  }
}

function compileCondition(condition: Condition): (x: Exchange, run: Run) => boolean {
  if (condition.kind === "constant") return () => condition.value;
  const subject = variableGetter(condition.variable);
  switch (condition.kind) {
    case "present":
      return (x) => {
        const value = subject(x);
        return value !== "" && value !== "0";
      };
    case "equal": {
      const { negated } = condition;
      const value = compileValue(condition.value);
      return (x, run) => (subject(x) === value(x, run)) !== negated;
    }
    case "match": {
      const { negated } = condition;
      const match = compileMatch(condition.pattern, true);
      return (x) => match(x, subject(x)) !== negated;
    }
    default:
      return condition satisfies never;
  }
}

/**
 * Tests, and on success keeps the groups as `$1` to `$9` and as named variables. A match without groups takes `$1` to `$9`
 * away, and with `forgets` a test that fails does so, too.
 */
export function compileMatch(pattern: Pattern, forgets: boolean = false): (x: Exchange, subject: string) => boolean {
  const matcher = instantiate(pattern);
  const names = [...matcher.groups].map(([name, index]) => [name.toLowerCase(), index] as const);
  if (matcher.groupCount === 0) {
    return (x, subject) => {
      const found = matcher.test(subject);
      if (found || forgets) x.captures = null;
      return found;
    };
  }
  return (x, subject) => {
    const match = matcher.exec(subject);
    if (match === null) {
      if (forgets) x.captures = null;
      return false;
    }
    x.captures = match;
    if (names.length > 0) {
      const variables = x.variables ??= new Map();
      for (const [name, index] of names) variables.set(name, match[index] ?? "");
    }
    return true;
  };
}

/** Statuses that end the connection without an answer, as nginx does for a client that is late or gone. */
const UNANSWERED: ReadonlySet<number> = new Set([408, 499]);

function compileReturn({ status, text }: ReturnStatement): Step {
  const hasNoText = text === null || text === "";
  if (status === 444 || (hasNoText && UNANSWERED.has(status))) return () => ({ status, close: "abort" });
  if (status >= 400 && hasNoText) return (x, run) => run.level.error(x, { status });
  const value = text === null ? null : compileTemplate(text);
  if (REDIRECTS.has(status)) {
    return value === null ? () => ({ status }) : (x) => redirectTo(x, status, value(x));
  }
  if (status === 204 || status === 304) return () => ({ status });
  return (x, run) => textAnswer(status, value === null ? "" : value(x), mediaTypeOf(x.path) ?? run.level.defaultType);
}

function compileRewrite({ pattern, path, args, keepArgs, then }: RewriteStatement): Step {
  const match = compileMatch(pattern, true);
  const redirects = then.kind === "redirect";
  const makePath = compileTemplate(path, redirects);
  const makeArgs = args === null ? null : compileTemplate(args, true);
  return (x, run) => {
    if (!match(x, toBytes(x.path))) return undefined;
    run.escapes = false;
    const target = makePath(x);
    let query = makeArgs === null ? undefined : makeArgs(x);
    if (keepArgs && x.query !== undefined && x.query !== "") {
      query = query === undefined ? x.query : `${query}&${x.query}`;
    }
    if (then.kind === "redirect") {
      return redirectTo(x, then.status, unescapeRedirect(query === undefined ? target : `${target}?${query}`));
    }
    // nginx: "the rewritten URI has a zero length"
    if (target === "") return INTERNAL_ERROR;
    x.path = fromBytes(target);
    x.query = query;
    x.rewritten = true;
    x.internal = true;
    switch (then.kind) {
      case "break":
        run.changed = false;
        x.rewriteEnded = true;
        return "stop";
      case "last":
        run.changed = true;
        return "stop";
      case "continue":
        run.changed = true;
        return undefined;
      default:
        return then satisfies never;
    }
  };
}
