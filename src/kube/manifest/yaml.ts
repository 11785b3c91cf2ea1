/**
 * Parses a YAML or JSON document to a plain value, with bounds on depth, aliases and their expansion.
 *
 * The schema is YAML 1.2's core with merge keys and `!!binary`, as kubectl reads it; `yes` and `on` stay strings.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  constructFromEvents,
  CORE_SCHEMA,
  defineScalarTag,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
  YAMLException,
} from "js-yaml";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * kubectl decodes it to text before the object becomes JSON, so the `data` of a Secret must contain base64 inside.
 * Bytes that are not UTF-8 become U+FFFD, as with kubectl.
 */
const binaryText = defineScalarTag("tag:yaml.org,2002:binary", {
  resolve(source) {
    const packed = source.replace(/[\r\n]/g, "");
    return BASE64.test(packed) ? Buffer.from(packed, "base64").toString("utf8") : NOT_RESOLVED;
  },
  identify: () => false,
});

const SCHEMA = CORE_SCHEMA.withTags(mergeTag, binaryText);
/** Bound of the nesting; custom resources reach about forty. */
export const MAX_DEPTH = 100;
const MAX_ALIASES = 1000;
const MAX_MERGE_KEYS = 10_000;
/** Bound of the values to which aliases may expand. */
const MAX_UNFOLDED = 200_000;

/** Text that is not YAML, or exceeds a bound. Lines and columns count from 1, from the start of the text. */
export class YamlError extends SyntaxError {
  override readonly name = "YamlError";

  /** `bound`: well formed so far, but too deep or with too many aliases. */
  constructor(readonly code: "syntax" | "bound", message: string, readonly line: number, readonly column: number) {
    super(message);
  }
}

/** Parses one document. `undefined` when there is none. Throws {@link YamlError} only. */
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
      // Messages of the parser about its bounds, such as "... exceeded maxDepth (100)".
      const code = /\bexceeded max/.test(error.reason) ? "bound" : "syntax";
      const line = error.mark?.line ?? 0;
      const hint = code === "syntax" ? hintAt(text.split("\n", line + 1)[line] ?? "") : undefined;
      if (hint !== undefined) {
        throw new YamlError(code, `${hint.message} (${error.reason})`, line + 1, hint.index + 1);
      }
      throw new YamlError(code, error.reason, line + 1, (error.mark?.column ?? 0) + 1);
    }
    throw new YamlError("syntax", error instanceof Error ? error.message : String(error), 1, 1);
  }
}

/** Text before the start of a value: after a key, in a list, or at the start. */
const VALUE_START = /(?:^|[:[,-])\s*$/;

/** Likely mistake in a line, where the message of the parser is of little help. */
function hintAt(line: string): { readonly message: string; readonly index: number } | undefined {
  const template = line.indexOf("{{");
  if (template !== -1) {
    const shown = line.slice(template, template + 40).trim();
    return { message: `"${shown}" is of a template: render it first`, index: template };
  }
  for (const { index, 0: text } of line.matchAll(/[*@`%][^\s,\]}]*/g)) {
    if (!VALUE_START.test(line.slice(0, index))) continue;
    // An alias is a name only; a host or a path has more characters.
    if (text.startsWith("*") && /^\*[\w-]+$/.test(text)) continue;
    const shown = text.slice(0, 80).replace(/["\\]/g, "");
    return { message: `a text that begins with ${text[0]} must be in quotes: "${shown}"`, index };
  }
  return undefined;
}

/** Counts values, with those of an alias at each use; a loop exceeds any limit. */
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
