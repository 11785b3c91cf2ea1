/**
 * Directives of the headers-more module: `more_set_headers`, `more_clear_headers`, `more_set_input_headers`,
 * `more_clear_input_headers`.
 *
 * @see https://github.com/openresty/headers-more-nginx-module
 * @module
 */
import type { Directive, Word } from "../syntax/mod.ts";
import type { Template } from "../template.ts";
import { type BlockReader, type DirectiveModule, NOT_IN_HOST_IF } from "./directive.ts";
import { checkFieldName } from "./field-name.ts";

interface Options {
  readonly statuses: number[];
  readonly types: string[];
  append: boolean;
  replaceOnly: boolean;
  /** Parameters other than options. */
  readonly rest: Word[];
}

/** `allowed`: letters of the options that this directive has. */
function readOptions(directive: Directive, reader: BlockReader, allowed: string): Options {
  const options: Options = { statuses: [], types: [], append: false, replaceOnly: false, rest: [] };
  const words = directive.words;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const option = /^-([a-z])$/.exec(word.text)?.[1];
    if (option === undefined) {
      options.rest.push(word);
      continue;
    }
    if (!allowed.includes(option)) reader.fail(word, `option "${word.text}" is unknown`);
    if (option === "a") options.append = true;
    else if (option === "r") options.replaceOnly = true;
    else {
      const values = words[++i];
      if (values === undefined) return reader.fail(word, `option "${word.text}": a value expected`);
      for (const value of values.text.split(/\s+/).filter((each) => each !== "")) {
        if (option === "t") options.types.push(value.toLowerCase());
        else if (/^[1-9][0-9]{2}$/.test(value)) options.statuses.push(Number(value));
        else reader.fail(values, `status "${value}": three digits expected`);
      }
    }
  }
  if (options.rest.length === 0) reader.fail(directive, "no header is named");
  return options;
}

interface Header {
  readonly name: string;
  readonly value: Template;
}

/**
 * `Name: value` of each parameter. As the module does it, the name ends at a colon or at white space, whatever there is of
 * both goes before the value, and white space behind the value belongs to it.
 */
function readHeaders(words: readonly Word[], reader: BlockReader): Header[] {
  const headers: Header[] = [];
  for (const word of words) {
    const [before = "", name = ""] = /^\s*([^\s:]*)[\s:]*/.exec(word.text) ?? [];
    const value = reader.template(word, before.length);
    if (checkFieldName(reader, word, name)) headers.push({ name, value });
  }
  return headers;
}

/** Names to remove; a `*` at the end stands for anything, and what is behind the name (`Server: x`) counts for nothing. */
function readNames(words: readonly Word[], reader: BlockReader): { names: string[]; prefixes: string[] } {
  const out: { names: string[]; prefixes: string[] } = { names: [], prefixes: [] };
  for (const word of words) {
    const name = /^\s*([^\s:]*)/.exec(word.text)![1]!.toLowerCase();
    if (name.endsWith("*")) {
      if (name !== "*") checkFieldName(reader, word, name.slice(0, -1));
      out.prefixes.push(name.slice(0, -1));
    } else if (checkFieldName(reader, word, name)) out.names.push(name);
  }
  return out;
}

export const moreSetHeaders: DirectiveModule = {
  name: "more_set_headers",
  contexts: NOT_IN_HOST_IF,
  words: [1, Infinity],
  read(directive, reader) {
    const { statuses, types, append, rest } = readOptions(directive, reader, "sta");
    reader.setting({ kind: "more_set_headers", headers: readHeaders(rest, reader), append, statuses, types });
  },
};

export const moreClearHeaders: DirectiveModule = {
  name: "more_clear_headers",
  contexts: NOT_IN_HOST_IF,
  words: [1, Infinity],
  read(directive, reader) {
    const { statuses, types, rest } = readOptions(directive, reader, "st");
    reader.setting({ kind: "more_clear_headers", ...readNames(rest, reader), statuses, types });
  },
};

export const moreSetInputHeaders: DirectiveModule = {
  name: "more_set_input_headers",
  contexts: NOT_IN_HOST_IF,
  words: [1, Infinity],
  read(directive, reader) {
    const { types, replaceOnly, rest } = readOptions(directive, reader, "tr");
    const headers = readHeaders(rest, reader);
    reader.setting({ kind: "more_set_input_headers", headers, clearPrefixes: [], replaceOnly, types });
  },
};

export const moreClearInputHeaders: DirectiveModule = {
  name: "more_clear_input_headers",
  contexts: NOT_IN_HOST_IF,
  words: [1, Infinity],
  read(directive, reader) {
    const { types, rest } = readOptions(directive, reader, "t");
    const { names, prefixes } = readNames(rest, reader);
    const headers = names.map((name) => ({ name, value: "" }));
    reader.setting({ kind: "more_set_input_headers", headers, clearPrefixes: prefixes, replaceOnly: false, types });
  },
};
