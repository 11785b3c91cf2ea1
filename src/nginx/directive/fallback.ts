/**
 * Targets of `error_page` and `try_files`.
 *
 * @module
 */
import type { Fallback } from "../program.ts";
import type { Word } from "../syntax/mod.ts";
import type { BlockReader } from "./directive.ts";

export function readFallback(word: Word, reader: BlockReader): Fallback {
  const { text } = word;
  if (text.startsWith("@")) return { kind: "named", name: text.slice(1) };
  if (text.startsWith("/")) return { kind: "uri", uri: reader.template(word) };
  if (/^(?:https?:\/\/|\$scheme|\$\{scheme\})/.test(text)) return { kind: "url", url: reader.template(word) };
  return reader.fail(word, `"${text}": a URI, @name or URL expected`);
}
