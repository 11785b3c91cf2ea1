/**
 * Schemas that many kinds share, and their messages. `null` counts as not set, as in the API.
 *
 * @module
 */
import * as v from "valibot";
import { isIP } from "node:net";
import { intern } from "./intern.ts";
import { isPortName, isQualifiedName } from "./name.ts";

/** Longest list that is read; an object of the API has at most 1.5 MiB, so none reaches it. */
const MAX_ITEMS = 10_000;

/** Longest part of a value in a message, characters. */
const MAX_QUOTED = 80;

/** Formats a value for a message: short ones as JSON, others by their kind. */
export function quote(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}...` : value);
  }
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "a mapping";
}

/** Message for a value of the wrong type, `Required value` for one that is missing. */
export function wanted(what: string): (issue: v.BaseIssue<unknown>) => string {
  return ({ input }) =>
    input === undefined || input === null ? "Required value" : `Invalid value: ${quote(input)}: must be ${what}`;
}

/** Message for a value that fails a rule. */
export function invalid(rule: string): (issue: v.BaseIssue<unknown>) => string {
  return ({ input }) => `Invalid value: ${quote(input)}: ${rule}`;
}

/** A mapping with these fields; others are left out. */
export function mapping<const E extends v.ObjectEntries>(entries: E) {
  return v.object(entries, wanted("a mapping"));
}

/** A field that may be missing or null, which gives `undefined`. */
export function optional<const S extends v.GenericSchema<unknown, unknown>>(schema: S) {
  return v.nullish(schema);
}

/** A list; a missing one is empty. */
export function list<const S extends v.GenericSchema<unknown, unknown>>(item: S) {
  return v.nullish(
    v.pipe(
      v.array(v.unknown(), wanted("a list")),
      v.maxLength(MAX_ITEMS, ({ input }) => `Too many: ${input.length}: must have at most ${MAX_ITEMS} items`),
      v.array(item),
    ),
    [],
  );
}

/** Longest text of an ordinary field, in characters; annotations and data have bounds of their own. */
const MAX_TEXT = 4096;

/** Text. */
export const text = v.pipe(
  v.string(wanted("a string")),
  v.maxLength(MAX_TEXT, ({ input }) => `Too long: ${input.length} characters: must have at most ${MAX_TEXT}`),
  v.transform(intern),
);

/** Text, empty when missing. */
export const textOrEmpty = v.nullish(text, "");

/** Text that passes a rule; missing or empty text is empty. */
export function textIf(test: (text: string) => boolean, rule: string) {
  return v.nullish(v.pipe(text, v.check((value) => value === "" || test(value), invalid(rule))), "");
}

/** Required text that passes a rule. */
export function requiredTextIf(test: (text: string) => boolean, rule: string) {
  return v.pipe(
    text,
    v.check((value) => value !== "", "Required value"),
    v.check(test, invalid(rule)),
  );
}

/** One of some words. */
export function oneOf<const W extends readonly [string, ...string[]]>(words: W) {
  const own = new Map<string, W[number]>(words.map((word) => [word, word]));
  const schema = v.picklist(
    words,
    ({ input }) =>
      input === undefined || input === null
        ? "Required value"
        : `Unsupported value: ${quote(input)}: supported values: ${words.map((word) => `"${word}"`).join(", ")}`,
  );
  // The word of the list, because that of the document would keep the whole text in memory.
  return v.pipe(schema, v.transform((word): W[number] => own.get(word)!));
}

/** `true` or `false`. */
export const flag = v.boolean(wanted("true or false"));

/** Port number, 1 to 65535. */
export const portNumber = v.pipe(
  v.number(wanted("a number")),
  v.check((port) => Number.isInteger(port) && port >= 1 && port <= 65535, invalid("must be between 1 and 65535")),
);

/** Description of the rule of {@link isPortName}. */
export const PORT_NAME_RULE =
  "must be a port name: at most 15 lower-case letters, digits and '-', with at least one letter";

/** Message for a value that is neither number nor name of a port. */
export function noPort({ input }: v.BaseIssue<unknown>): string {
  if (input === undefined || input === null) return "Required value";
  if (typeof input === "number") return `Invalid value: ${input}: must be between 1 and 65535`;
  if (typeof input === "string") return `Invalid value: ${quote(input)}: ${PORT_NAME_RULE}`;
  return `Invalid value: ${quote(input)}: must be a number or a name`;
}

/** A port by its number or its name. */
export const portNumberOrName = v.union(
  [portNumber, v.pipe(text, v.check(isPortName, invalid(PORT_NAME_RULE)))],
  noPort,
);

/** Transport of a port; TCP when missing. */
export const protocol = v.nullish(oneOf(["TCP", "UDP", "SCTP"]), "TCP");

/** An IP address. */
export const ipAddress = v.pipe(text, v.check((value) => isIP(value) !== 0, invalid("must be an IP address")));

/** Bound of the characters of all annotations or labels, as in the API server. */
const MAX_MAP_CHARACTERS = 256 * 1024;

/** Annotations or labels: keys are qualified names, values are strings. The result has no prototype. */
export const stringMap = v.nullish(
  v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(isMapping, wanted("a mapping")),
    v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
      const map: Record<string, string> = Object.create(null);
      let size = 0;
      let good = true;
      for (const key of Object.keys(value)) {
        const item = value[key];
        let problem: string | undefined;
        if (!isQualifiedName(key)) {
          problem = `Invalid value: ${
            quote(key)
          }: the name must be letters, digits, '-', '_' and '.', after an optional "prefix/"`;
        } else if (item === null) map[intern(key)] = "";
        else if (typeof item === "string") map[intern(key)] = intern(item);
        else problem = `Invalid value: ${quote(item)}: must be a string: put it in quotes`;
        size += key.length + (typeof item === "string" ? item.length : 0);
        if (problem === undefined) continue;
        good = false;
        addIssue({ message: problem, path: [{ type: "object", origin: "value", input: value, key, value: item }] });
        if (size > MAX_MAP_CHARACTERS) break;
      }
      if (size > MAX_MAP_CHARACTERS) {
        addIssue({ message: `Too long: must have at most ${MAX_MAP_CHARACTERS} characters in all` });
        return NEVER;
      }
      return good ? map : NEVER;
    }),
  ),
  {},
);

/** True for a mapping of YAML or JSON. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
