/**
 * `error_page code ... [=[code]] uri | @name | URL` for own answers.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page
 * @module
 */
import type { ErrorPage } from "../program.ts";
import { type DirectiveModule, NOT_IN_HOST_IF } from "./directive.ts";
import { readFallback } from "./fallback.ts";

export const errorPage: DirectiveModule = {
  name: "error_page",
  contexts: NOT_IN_HOST_IF,
  words: [2, Infinity],
  read(directive, reader) {
    const { words } = directive;
    const target = words.at(-1)!;
    let codes = words.slice(0, -1);
    let status: ErrorPage["status"] = "keep";
    const last = codes.at(-1)!;
    if (last.text.startsWith("=")) {
      codes = codes.slice(0, -1);
      const number = Number(last.text.slice(1));
      if (last.text === "=") status = "handler";
      else if (/^=[0-9]{3}$/.test(last.text) && number >= 200) status = number;
      else reader.fail(last, `"${last.text}": = or =code expected`);
    }
    if (codes.length === 0) reader.fail(target, "error_page: a status expected");
    const statuses = codes.map((word) => {
      const code = Number(word.text);
      if (!/^[0-9]{3}$/.test(word.text) || code < 300 || code > 599) {
        reader.fail(word, `"${word.text}": a status from 300 to 599 expected`);
      }
      if (code === 499) reader.fail(word, '"499": no page can be sent to a client that is gone');
      return code;
    });
    const known = statuses.filter((code) =>
      reader.settings.some((each) => each.kind === "error_page" && each.statuses.includes(code))
    );
    if (known.length > 0) {
      reader.note(
        directive,
        `error_page: the block has a page for status ${known.join(", ")} already`,
        "the first one holds",
      );
    }
    reader.setting({ kind: "error_page", statuses, status, target: readFallback(target, reader) });
  },
};
