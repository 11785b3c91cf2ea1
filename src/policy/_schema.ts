/**
 * Schemas for annotation values, with the character classes that ingress-nginx accepts.
 *
 * @module
 */
import * as v from "valibot";

/** Schema of an annotation's text. */
export type TextSchema = v.GenericSchema<string, unknown>;

/** `1 t T TRUE true True 0 f F FALSE false False`, nothing around it. */
export const boolean: TextSchema = v.pipe(
  v.string(),
  v.regex(/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/, "want a boolean: true or false"),
);

/** A whole number, possibly negative. */
export const integer: TextSchema = v.pipe(v.string(), v.regex(/^[+-]?\d{1,18}$/, "want a whole number"));

/** Digits and a unit (b, k, m, g) in either case, or none. */
export const size: TextSchema = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^\d+[bkmg]?$/i, "want a size such as 8m: digits, then b, k, m, g or nothing"),
);

/** Anything. */
export const anything: TextSchema = v.string();

/** One of the given words, exactly. */
export function oneOf(...words: readonly string[]): TextSchema {
  return v.pipe(v.string(), v.trim(), v.picklist(words, `want one of ${words.join(", ")}`));
}

/** Text of a class of characters; white space around it is ignored. */
export function matching(pattern: RegExp, wanted: string): TextSchema {
  return v.pipe(v.string(), v.trim(), v.regex(pattern, `want ${wanted}`));
}

const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** True for fields that only the wire writes: they frame the message or control the connection. */
export function isFraming(name: string): boolean {
  return FRAMING.has(name.toLowerCase());
}

/** For values that were not validated: see {@link fieldName}. */
export function isFieldName(text: string): boolean {
  return v.is(fieldName, text);
}

/** A field name: letters, digits, `-` and `_`. */
export const fieldName: TextSchema = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^[A-Za-z0-9_-]+$/, "want the name of a field: letters, digits, - and _"),
  v.check((name) => !isFraming(name), "want a field that is not about the message or the connection itself"),
);

/** URL characters, captures and variables: `/new/$1`. */
export const pathWithCaptures: TextSchema = matching(
  /^\/?[A-Za-z0-9\-._~/:$]*$/,
  "a path of letters, digits and -._~/:$",
);

/** Characters of a URL without variables. */
export const url: TextSchema = matching(/^[A-Za-z0-9\-._~/:,?&=]*$/, "a URL of letters, digits and -._~/:,?&=");

/** `name` or `namespace/name`. */
export const objectReference: TextSchema = v.pipe(
  v.string(),
  v.transform((text) => text.replaceAll(" ", "")),
  v.regex(/^[A-Za-z0-9\-._~/:]*$/, "want namespace/name"),
);

/** Server names, regexes and variables. */
export const serverName: TextSchema = matching(
  /^[A-Za-z0-9\-._~/:^$[\](){}*+?|&=\\]*$/,
  "a name or a regular expression of letters, digits and -._~/:^$[](){}*+?|&=\\",
);
