/**
 * `try_files file ... uri | =code | @name`. There are no files here, so the last parameter always takes effect.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files
 * @module
 */
import type { DirectiveModule } from "./directive.ts";
import { readFallback } from "./fallback.ts";

export const tryFiles: DirectiveModule = {
  name: "try_files",
  contexts: ["location"],
  words: [2, Infinity],
  read(directive, reader) {
    const { words } = directive;
    if (reader.proxied) {
      reader.fail(directive, "try_files of a path: there are no files here, and no request would get to the upstream");
    }
    for (const word of words.slice(0, -1)) reader.template(word);
    const last = words.at(-1)!;
    if (last.text.startsWith("=")) {
      const status = Number(last.text.slice(1));
      if (!/^=[0-9]{3}$/.test(last.text) || status < 200) reader.fail(last, `"${last.text}": =code expected`);
      reader.setting({ kind: "try_files", last: { kind: "status", status } });
      return;
    }
    reader.setting({ kind: "try_files", last: readFallback(last, reader) });
  },
};
