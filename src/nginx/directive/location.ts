/**
 * `location [= | ~ | ~* | ^~] path { ... }`, `location @name { ... }`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#location
 * @module
 */
import type { BlockMatch } from "../program.ts";
import type { Word } from "../syntax/mod.ts";
import type { BlockReader, DirectiveModule } from "./directive.ts";

export const location: DirectiveModule = {
  name: "location",
  contexts: ["server", "location"],
  words: [1, 2],
  block: true,
  read(directive, reader) {
    const match = readMatch(directive.words, reader);
    const { line, column } = directive;
    reader.location({ match, program: reader.program(directive, match), line, column }, directive);
  },
};

function readMatch([first, second]: readonly Word[], reader: BlockReader): BlockMatch {
  if (second !== undefined) {
    if (["=", "~", "~*", "^~"].includes(first!.text)) return modified(first!.text, second, 0, reader);
    return reader.fail(first!, `location modifier "${first!.text}": =, ~, ~* or ^~ expected`);
  }
  // The modifier may be joined to the path.
  const modifier = /^(?:=|~\*|~|\^~)/.exec(first!.text)?.[0];
  if (modifier !== undefined && !first!.quoted) return modified(modifier, first!, modifier.length, reader);
  if (first!.text.startsWith("@")) {
    if (reader.context !== "server") reader.fail(first!, "a named location can stand at host level only");
    return { kind: "named", name: first!.text.slice(1) };
  }
  return { kind: "prefix", path: path(first!, 0, reader), final: false };
}

function modified(modifier: string, word: Word, from: number, reader: BlockReader): BlockMatch {
  switch (modifier) {
    case "=":
      return { kind: "exact", path: path(word, from, reader) };
    case "^~":
      return { kind: "prefix", path: path(word, from, reader), final: true };
    default: {
      const caseInsensitive = modifier === "~*";
      return { kind: "regex", pattern: reader.pattern(word, { caseInsensitive, bytes: true }, from), caseInsensitive };
    }
  }
}

/** What a request's path has no more when it is compared; only a rewrite could make such a path. */
const NOT_IN_PATHS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\/\//, "two slashes in a row"],
  [/\/\.\.?\//, "a dot segment"],
  [/%[0-9A-Fa-f]{2}/, "an escape"],
];

function path(word: Word, from: number, reader: BlockReader): string {
  const text = word.text.slice(from);
  if (!text.startsWith("/")) reader.note(word, `location "${text}" does not begin with "/"`, "it never matches");
  else {
    const what = NOT_IN_PATHS.find(([pattern]) => pattern.test(text))?.[1];
    if (what !== undefined) {
      const effect = "requests for it do not match it";
      reader.note(word, `location "${text}" has ${what}: it is compared with decoded, normalized paths`, effect);
    }
  }
  return text;
}
