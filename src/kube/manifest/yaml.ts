/**
 * One YAML or JSON document to a plain value, with bounds on depth, aliases and what they unfold to, and with positions
 * for those who ask.
 *
 * The schema is YAML 1.2's core with merge keys, as kubectl reads it; `yes` and `on` stay strings.
 *
 * @module
 */
import {
  constructFromEvents,
  CORE_SCHEMA,
  type Event,
  EVENT_ID,
  getScalarValue,
  mergeTag,
  parseEvents,
  YAMLException,
} from "js-yaml";

const SCHEMA = CORE_SCHEMA.withTags(mergeTag);
/** Custom resources nest to about forty. */
const MAX_DEPTH = 100;
const MAX_ALIASES = 1000;
const MAX_MERGE_KEYS = 10_000;
/** Values that a document with aliases may unfold to. */
const MAX_UNFOLDED = 200_000;

/** Text that is no YAML, or more of it than is allowed. Lines and columns count from 1, from the start of the text. */
export class YamlError extends SyntaxError {
  override readonly name = "YamlError";

  /** `bound`: well formed so far, but too deep or with too many aliases. */
  constructor(readonly code: "syntax" | "bound", message: string, readonly line: number, readonly column: number) {
    super(message);
  }
}

/** Place in a text, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Reads one document. `undefined` when there is none. Throws {@link YamlError} and nothing else. */
export function parseYaml(text: string): unknown {
  try {
    const events = parseEvents(text, { maxDepth: MAX_DEPTH });
    const [value, ...more] = constructFromEvents(events, {
      source: text,
      schema: SCHEMA,
      maxAliases: MAX_ALIASES,
      maxTotalMergeKeys: MAX_MERGE_KEYS,
    });
    if (more.length > 0) throw new YamlError("syntax", "more than one document where one was expected", 1, 1);
    if (text.includes("*") && !unfoldsWithin(value, MAX_UNFOLDED)) {
      throw new YamlError("bound", `aliases unfold to more than ${MAX_UNFOLDED} values`, 1, 1);
    }
    return value;
  } catch (error) {
    if (error instanceof YamlError) throw error;
    if (error instanceof YAMLException) {
      // The parser says "... exceeded maxDepth (100)" and the like of its bounds.
      const code = /\bexceeded max/.test(error.reason) ? "bound" : "syntax";
      throw new YamlError(code, error.reason, (error.mark?.line ?? 0) + 1, (error.mark?.column ?? 0) + 1);
    }
    throw new YamlError("syntax", error instanceof Error ? error.message : String(error), 1, 1);
  }
}

/** Counts values, those behind an alias once for each time they are used; a loop never ends within any limit. */
function unfoldsWithin(value: unknown, limit: number): boolean {
  const stack: unknown[] = [value];
  let count = 0;
  while (stack.length > 0) {
    const next = stack.pop();
    if (++count > limit || stack.length > limit) return false;
    if (typeof next !== "object" || next === null) continue;
    for (const item of Array.isArray(next) ? next : Object.values(next)) stack.push(item);
  }
  return true;
}

/** Step into a value: name of a field, or place in a list. */
export type PathStep = string | number;

/**
 * Where the value at `path` stands; if it is not there, where the innermost value around it does. Undefined for text
 * that does not parse.
 */
export function locate(text: string, path: readonly PathStep[]): Position | undefined {
  let events: Event[];
  try {
    events = parseEvents(text, { maxDepth: MAX_DEPTH });
  } catch {
    return undefined;
  }
  let at = events[0]?.type === EVENT_ID.DOCUMENT ? 1 : 0;
  for (const step of path) {
    const child = childOf(events, at, text, step);
    if (child === -1) break;
    at = child;
  }
  const event = events[at];
  return event === undefined ? undefined : positionOf(text, startOf(event));
}

/** Where each item of the list at the top-level key `items` begins. */
export function locateItems(text: string): Position[] {
  let events: Event[];
  try {
    events = parseEvents(text, { maxDepth: MAX_DEPTH });
  } catch {
    return [];
  }
  const list = childOf(events, events[0]?.type === EVENT_ID.DOCUMENT ? 1 : 0, text, "items");
  if (list === -1 || events[list]?.type !== EVENT_ID.SEQUENCE) return [];
  const positions: Position[] = [];
  let line = 1;
  let lineStart = 0;
  for (let at = list + 1; at < events.length && events[at]!.type !== EVENT_ID.POP; at = endOf(events, at)) {
    const offset = startOf(events[at]!);
    for (let next = text.indexOf("\n", lineStart); next !== -1 && next < offset; next = text.indexOf("\n", lineStart)) {
      line++;
      lineStart = next + 1;
    }
    positions.push({ line, column: offset - lineStart + 1 });
  }
  return positions;
}

/** Index of the event of a child, or -1. */
function childOf(events: readonly Event[], parent: number, text: string, step: PathStep): number {
  const type = events[parent]?.type;
  let at = parent + 1;
  if (type === EVENT_ID.SEQUENCE && typeof step === "number") {
    for (let i = 0; at < events.length && events[at]!.type !== EVENT_ID.POP; i++, at = endOf(events, at)) {
      if (i === step) return at;
    }
  } else if (type === EVENT_ID.MAPPING) {
    while (at < events.length && events[at]!.type !== EVENT_ID.POP) {
      const key = events[at]!;
      const value = endOf(events, at);
      if (key.type === EVENT_ID.SCALAR && getScalarValue(text, key) === String(step)) return value;
      at = endOf(events, value);
    }
  }
  return -1;
}

/** Index behind a value and all within it. */
function endOf(events: readonly Event[], at: number): number {
  let depth = 0;
  for (let i = at; i < events.length; i++) {
    const type = events[i]!.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE || type === EVENT_ID.DOCUMENT) depth++;
    else if (type === EVENT_ID.POP) depth--;
    if (depth <= 0) return i + 1;
  }
  return events.length;
}

function startOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR:
      return Math.max(event.valueStart, 0);
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return Math.max(event.anchorStart, 0);
    default:
      return 0;
  }
}

function positionOf(text: string, offset: number): Position {
  let line = 1;
  let lineStart = 0;
  for (let next = text.indexOf("\n"); next !== -1 && next < offset; next = text.indexOf("\n", lineStart)) {
    line++;
    lineStart = next + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/** Steps of a field path as kubectl writes it: `spec.rules[0].host`, `data[tls.crt]`. */
export function fieldSteps(field: string): PathStep[] {
  const steps: PathStep[] = [];
  for (const [, index, key, name] of field.matchAll(/\[(\d+)\]|\[([^\]]*)\]|([^.[\]]+)/g)) {
    steps.push(index !== undefined ? Number(index) : key ?? name ?? "");
  }
  return steps;
}
