/**
 * `expires [modified] time`, `expires epoch | max | off`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_headers_module.html#expires
 * @module
 */
import { parseDuration } from "../../unit/mod.ts";
import type { Expires } from "../program.ts";
import type { Word } from "../syntax/mod.ts";
import { type BlockReader, type DirectiveModule, NOT_IN_HOST_IF } from "./directive.ts";

export const expires: DirectiveModule = {
  name: "expires",
  contexts: NOT_IN_HOST_IF,
  words: [1, 2],
  read({ words: [first, second] }, reader) {
    const modified = second !== undefined;
    if (modified && first!.text !== "modified") reader.fail(first!, `"${first!.text}": modified expected`);
    const word = second ?? first!;
    if (word.text.includes("$")) {
      reader.template(word);
      reader.note(word, "expires with a variable is not honoured", "it is left out");
      return;
    }
    reader.setting({ kind: "expires", when: readWhen(word, modified, reader) });
  },
};

function readWhen(word: Word, modified: boolean, reader: BlockReader): Expires["when"] {
  const { text } = word;
  if (!modified) {
    if (text === "off" || text === "epoch" || text === "max") return { kind: text };
    if (text.startsWith("@")) {
      const seconds = secondsOf(text.slice(1));
      if (seconds === undefined || seconds >= 86_400) return reader.fail(word, `"${text}": a time of day expected`);
      return { kind: "daily", seconds };
    }
  }
  const negative = text.startsWith("-");
  const seconds = secondsOf(negative || text.startsWith("+") ? text.slice(1) : text);
  if (seconds === undefined) return reader.fail(word, `"${text}": a time, epoch, max or off expected`);
  return { kind: "after", seconds: negative ? -seconds : seconds, modified };
}

function secondsOf(text: string): number | undefined {
  const milliseconds = parseDuration(text);
  return milliseconds === undefined ? undefined : Math.floor(milliseconds / 1000);
}
