/**
 * Text of a snippet -> program and findings. Never throws on bad text; what restricts access and cannot be honoured, and
 * what nginx would not load at all, denies the block that it stands in.
 *
 * @module
 */
import {
  comesBefore,
  equalBlockMatch,
  formatBlockMatch,
  neverInside,
  overshadows,
  takesOnlyPath,
  whyNotInside,
} from "./block-match.ts";
import { toBytes } from "./byte-text.ts";
import {
  belongsElsewhere,
  type BlockReader,
  type DirectiveModule,
  directives,
  findKnownDirective,
} from "./directive/mod.ts";
import type { Finding, FindingReason } from "./finding.ts";
import { compilePattern, instantiate, type PatternOptions } from "./pattern/mod.ts";
import type { Block, BlockMatch, Context, LocationBlock, Setting, SnippetProgram, Statement } from "./program.ts";
import type { Pattern } from "../snapshot/snapshot.ts";
import { type Directive, parseTree, type Position, shorten, SnippetSyntaxError, type Word } from "./syntax/mod.ts";
import { parseTemplate, type Template, TemplateError, variablesOf } from "./template.ts";
import { findAbsence, isVariable } from "./variable/mod.ts";

/** Where a whole snippet stands: server-snippet, or configuration-snippet and location-snippet. */
export type SnippetContext = "server" | "location";

export interface SnippetOptions {
  /** Variables that other snippets of the same host set. */
  readonly variables?: Iterable<string>;
  /** Those among them that are {@link ParsedSnippet.undecided} there. */
  readonly undecided?: Iterable<string>;
}

export interface ParsedSnippet {
  readonly program: SnippetProgram;
  /** In order of place. */
  readonly findings: readonly Finding[];
  /** Variables that it sets, sorted. */
  readonly variables: readonly string[];
  /** Those among them that no condition may be decided by, sorted: made from what nginx has a value for, and we have not. */
  readonly undecided: readonly string[];
}

/** Most expressions in one snippet: each costs time to analyse. */
const MAX_PATTERNS = 300;

/** Thrown by {@link BlockReader.fail}; ends one directive. */
class DirectiveError extends Error {
  constructor(message: string, readonly at: Position) {
    super(message);
  }
}

/** Parses and checks a snippet. The result is plain JSON data. */
export function parseSnippet(text: string, context: SnippetContext, options: SnippetOptions = {}): ParsedSnippet {
  let tree: readonly Directive[];
  try {
    tree = parseTree(text);
  } catch (error) {
    if (!(error instanceof SnippetSyntaxError)) throw error;
    const { message, line, column } = error;
    const finding: Finding = {
      reason: "SnippetSyntax",
      severity: "error",
      directive: "",
      message,
      effect: DENIED[context],
      line,
      column,
    };
    return { program: { ...NOTHING, denied: message }, findings: [finding], variables: [], undecided: [] };
  }
  return new SnippetReader(options).read(tree, context);
}

/** nginx takes one of each in a block. */
const ONCE: ReadonlySet<Setting["kind"]> = new Set([
  "default_type",
  "expires",
  "internal",
  "large_client_header_buffers",
  "try_files",
]);

const NOTHING: SnippetProgram = { statements: [], settings: [], locations: [], denied: null };

const DENIED: Readonly<Record<Context, string>> = {
  "server": "the host answers 503",
  "if-in-server": "the host answers 503",
  "location": "the location answers 503",
  "if-in-location": "the location answers 503",
};

/** What has been read of one block so far. */
interface OpenBlock {
  readonly context: Context;
  readonly statements: Statement[];
  readonly settings: Setting[];
  readonly locations: LocationBlock[];
  /** What the location takes whose block it is; `null`: it is no block of a location. */
  readonly match: BlockMatch | null;
  /** That of the location (or host) that it belongs to. */
  readonly owner: { denied: string | null };
}

interface Use extends Position {
  readonly name: string;
  readonly directive: string;
  readonly block: OpenBlock;
  /** Variable that the value is for, with `set`. */
  readonly sets: string | null;
}

class SnippetReader {
  readonly #findings: Finding[] = [];
  readonly #defined: Set<string> = new Set();
  readonly #outside: ReadonlySet<string>;
  readonly #undecidedOutside: ReadonlySet<string>;
  readonly #uses: Use[] = [];
  #patterns = 0;

  constructor(options: SnippetOptions) {
    this.#outside = new Set(options.variables);
    this.#undecidedOutside = new Set(options.undecided);
  }

  read(tree: readonly Directive[], context: SnippetContext): ParsedSnippet {
    const owner = { denied: null as string | null };
    const block = this.#block(tree, context, owner);
    // Now that everything is read: nginx lets a variable be used before the place that sets it.
    const undecided = this.#undecided();
    for (const use of this.#uses) {
      if (use.directive === "if" && undecided.has(use.name)) {
        const { name, reason } = undecided.get(use.name)!;
        this.#deny(use.block, use.directive, use, `variable "$${name}" of the condition has no value here: ${reason}`);
        continue;
      }
      if (this.#defined.has(use.name) || this.#outside.has(use.name)) continue;
      const absence = findAbsence(use.name);
      if (absence !== undefined) this.#noteAbsent(use, absence.reason);
      else if (!isVariable(use.name)) {
        this.#deny(use.block, use.directive, use, `unknown variable "$${shorten(use.name)}"`);
      }
    }
    // Location programs were closed before their variables were checked.
    const program = settle(block);
    this.#findings.sort((a, b) => a.line - b.line || a.column - b.column);
    return {
      program,
      findings: this.#findings,
      variables: [...this.#defined].sort(),
      undecided: [...undecided.keys()].filter((name) => this.#defined.has(name)).sort(),
    };
  }

  /**
   * Variables that no condition may be decided by: nginx has a value for them and we have not, or they are set from such a
   * one.
   */
  #undecided(): ReadonlyMap<string, { readonly name: string; readonly reason: string }> {
    const undecided = new Map<string, { name: string; reason: string }>();
    for (const name of this.#undecidedOutside) {
      undecided.set(name, { name, reason: "another snippet sets it from one" });
    }
    for (const { name } of this.#uses) {
      const absence = this.#defined.has(name) || this.#outside.has(name) ? undefined : findAbsence(name);
      if (absence?.decides === true) undecided.set(name, { name, reason: absence.reason });
    }
    if (undecided.size === 0) return undecided;
    for (let before = -1; before !== undecided.size;) {
      before = undecided.size;
      for (const { name, sets } of this.#uses) {
        const source = undecided.get(name);
        if (sets !== null && source !== undefined && !undecided.has(sets)) undecided.set(sets, source);
      }
    }
    return undecided;
  }

  #noteAbsent({ name, directive, line, column }: Use, reason: string): void {
    this.#findings.push({
      reason: "VariableWithoutValue",
      severity: "info",
      directive,
      message: `variable "$${shorten(name)}" has no value here: ${reason}`,
      effect: "it stands for the empty text",
      line,
      column,
    });
  }

  #block(
    tree: readonly Directive[],
    context: Context,
    owner: { denied: string | null },
    match: BlockMatch | null = null,
  ): OpenBlock {
    const block: OpenBlock = { context, statements: [], settings: [], locations: [], owner, match };
    for (const directive of tree) this.#directive(directive, block);
    this.#findOvershadowed(block);
    return block;
  }

  /** Blocks that never get a request, though nginx takes them. */
  #findOvershadowed({ context, locations, match: parent }: OpenBlock): void {
    const prefixes = locations.flatMap(({ match }) => match.kind === "prefix" && !match.final ? [match.path] : []);
    for (const [i, { match, line, column }] of locations.entries()) {
      const former = locations.slice(0, i);
      const earlier = former.map((each) => each.match);
      const by = (match.kind === "regex" ? former : locations).find((other) => overshadows(other.match, match)) ??
        locations.find((other) => takesOnlyPath(other.match, match)) ??
        // at host level there are generated prefixes, too, which are not known here
        (context === "location"
          ? locations.find((other) => comesBefore(other.match, match, prefixes, earlier))
          : undefined);
      const reason = by !== undefined
        ? `location "${formatBlockMatch(by.match)}" of line ${by.line} takes all of its requests`
        : neverInside(match)
        ? 'it matches no path, for all begin with "/"'
        : parent !== null && neverInside(match, parent)
        ? `no path of location "${formatBlockMatch(parent)}", in which it stands, matches`
        : undefined;
      if (reason === undefined) continue;
      this.#findings.push({
        reason: "LocationWithoutEffect",
        severity: "warning",
        directive: "location",
        message: `location "${formatBlockMatch(match)}": ${reason}`,
        effect: "the block never gets a request",
        line,
        column,
      });
    }
  }

  #directive(directive: Directive, block: OpenBlock): void {
    const module = directives.get(directive.name);
    if (module === undefined) return this.#unknown(directive, block);
    try {
      this.#checkShape(directive, module, block.context);
      module.read(directive, this.#reader(directive, block));
    } catch (error) {
      if (!(error instanceof DirectiveError)) throw error;
      this.#deny(block, directive.name, error.at, error.message);
    }
  }

  #checkShape(directive: Directive, { contexts, words: [min, max], block }: DirectiveModule, context: Context): void {
    const { name, words } = directive;
    if (!contexts.includes(context)) {
      throw new DirectiveError(`directive "${name}" is not allowed ${PLACE[context]}`, directive);
    }
    if (block === true && directive.block === null) {
      throw new DirectiveError(`directive "${name}" has no block`, directive);
    }
    if (block !== true && directive.block !== null) {
      throw new DirectiveError(`directive "${name}" cannot have a block; quote a parameter with "{"`, directive);
    }
    if (words.length >= min && words.length <= max) return;
    const wanted = min === max ? String(min) : max === Infinity ? `${min} or more` : `${min} to ${max}`;
    throw new DirectiveError(
      `directive "${name}" has ${words.length} parameter${words.length === 1 ? "" : "s"}, wanted ${wanted}`,
      directive,
    );
  }

  /** One that has no file of its own. */
  #unknown(directive: Directive, block: OpenBlock): void {
    const { name, words } = directive;
    // Variables of directives that are not carried out exist in nginx all the same.
    if (name === "auth_request_set" && words[0]?.text.startsWith("$")) {
      this.#defined.add(words[0].text.slice(1).toLowerCase());
    }
    const known = findKnownDirective(name);
    if (known === undefined) {
      const where = belongsElsewhere(name) ? "is not allowed here" : "is unknown";
      return this.#deny(block, name, directive, `directive "${shorten(name)}" ${where}`);
    }
    const { kind, instead } = known;
    // What only opens up is safe to leave out.
    const guardsAccess = known.guardsAccess && !(words.length === 1 && words[0]!.text === "off");
    const hint = instead === undefined ? "" : `; ${instead}`;
    if (guardsAccess) block.owner.denied ??= `directive "${name}" of a snippet is not honoured`;
    const effect = guardsAccess ? DENIED[block.context] : "it is left out";
    const at = { directive: name, line: directive.line, column: directive.column };
    switch (kind) {
      case "ignored":
        this.#findings.push({
          reason: "DirectiveWithoutEffect",
          severity: "info",
          message: `directive "${name}" has nothing to act on here`,
          effect: "",
          ...at,
        });
        return;
      case "not-honoured":
        this.#findings.push({
          reason: "DirectiveNotHonoured",
          severity: guardsAccess ? "error" : "warning",
          message: `directive "${name}" is not honoured${hint}`,
          effect,
          ...at,
        });
        return;
      case "refused":
        this.#findings.push({
          reason: "DirectiveRefused",
          severity: "error",
          message: `directive "${shorten(name)}" is refused: it reaches beyond the requests of this host${hint}`,
          effect,
          ...at,
        });
        return;
      default:
        kind satisfies never;
    }
  }

  #deny(
    block: OpenBlock,
    directive: string,
    { line, column }: Position,
    message: string,
    reason: FindingReason = "SnippetSyntax",
  ): void {
    block.owner.denied ??= message;
    const effect = DENIED[block.context];
    this.#findings.push({ reason, severity: "error", directive, message, effect, line, column });
  }

  #reader(directive: Directive, open: OpenBlock): BlockReader {
    const fail = (at: Position, message: string): never => {
      throw new DirectiveError(message, at);
    };
    const sets = directive.name === "set" ? nameOf(directive.words[0]?.text ?? "") ?? null : null;
    const use = (name: string, at: Position): void => {
      this.#uses.push({ name, directive: directive.name, block: open, line: at.line, column: at.column, sets });
    };
    return {
      context: open.context,
      fail,
      note: ({ line, column }, message, effect) => {
        const { name } = directive;
        const reason = "DirectiveWithoutEffect";
        this.#findings.push({ reason, severity: "warning", directive: name, message, effect, line, column });
      },
      define: (name) => void this.#defined.add(name),
      add: (statement) => void open.statements.push(statement),
      setting: (setting) => {
        if (ONCE.has(setting.kind) && open.settings.some(({ kind }) => kind === setting.kind)) {
          fail(directive, `directive "${directive.name}" stands twice in one block`);
        }
        open.settings.push(setting);
      },
      settings: open.settings,
      proxied: open.match === null,
      location: (block, at) => {
        const { match } = block;
        const outside = open.match === null ? undefined : whyNotInside(match, open.match);
        if (outside !== undefined) fail(at, outside);
        const former = open.locations.find((other) => equalBlockMatch(other.match, match));
        if (former !== undefined) {
          const message = `location "${formatBlockMatch(match)}" stands twice at this level, first in line ` +
            `${former.line}, column ${former.column}`;
          return this.#deny(open, directive.name, at, message, "DuplicateLocation");
        }
        open.locations.push(block);
      },
      block: (inner, context) => {
        const { statements, settings } = this.#block(inner.block ?? [], context, open.owner);
        return { statements, settings } satisfies Block;
      },
      program: (inner, match) => {
        const owner = { denied: null as string | null };
        return lazily(this.#block(inner.block ?? [], "location", owner, match));
      },
      template: (word, from = 0) => this.#template(word, from, use, fail),
      variable: (word) => {
        const name = nameOf(word.text);
        if (name === undefined || /^[0-9]+$/.test(name)) {
          return fail(word, `"${shorten(word.text)}": a variable expected`);
        }
        if (directive.name !== "set") use(name, word);
        return name;
      },
      pattern: (word, options, from = 0) => this.#pattern(word, options, from, fail),
    };
  }

  #template(word: Word, from: number, use: (name: string, at: Position) => void, fail: BlockReader["fail"]): Template {
    try {
      const template = parseTemplate(word.text.slice(from));
      for (const name of variablesOf(template)) use(name, word);
      return template;
    } catch (error) {
      if (error instanceof TemplateError) return fail(word, error.message);
      throw error;
    }
  }

  #pattern(word: Word, options: PatternOptions, from: number, fail: BlockReader["fail"]): Pattern {
    if (++this.#patterns > MAX_PATTERNS) fail(word, `the snippet has more than ${MAX_PATTERNS} regular expressions`);
    const text = word.text.slice(from);
    const result = compilePattern(options.bytes === true ? toBytes(text) : text, options);
    if (!result.ok) {
      return fail(word, `regular expression "${shorten(text)}": ${result.message} (at character ${result.offset + 1})`);
    }
    for (const name of instantiate(result.pattern).groups.keys()) this.#defined.add(name.toLowerCase());
    return { ...result.pattern, text };
  }
}

/** Of `$name` or `${name}`, lower case. */
function nameOf(text: string): string | undefined {
  const match = /^\$(?:([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})$/.exec(text);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

const PLACE: Readonly<Record<Context, string>> = {
  "server": "at host level",
  "location": "in a location",
  "if-in-server": 'in an "if" at host level',
  "if-in-location": 'in an "if" of a location',
};

/** Blocks of locations that are still to be settled, since unknown variables are found last. */
const open = new WeakMap<SnippetProgram, OpenBlock>();

function lazily(block: OpenBlock): SnippetProgram {
  const program: SnippetProgram = { ...NOTHING };
  open.set(program, block);
  return program;
}

function settle(block: OpenBlock): SnippetProgram {
  return {
    statements: block.statements,
    settings: block.settings,
    locations: block.locations.map((location) => ({ ...location, program: settle(open.get(location.program)!) })),
    denied: block.owner.denied,
  };
}
