/**
 * `rewrite regex replacement [last | break | redirect | permanent]`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#rewrite
 * @module
 */
import type { RewriteStatement } from "../program.ts";
import { type DirectiveModule, EVERYWHERE } from "./directive.ts";

export const rewrite: DirectiveModule = {
  name: "rewrite",
  contexts: EVERYWHERE,
  words: [2, 3],
  read({ words: [regex, replacement, flag] }, reader) {
    const pattern = reader.pattern(regex!, { caseInsensitive: false, bytes: true });
    const { text } = replacement!;
    if (text === "") reader.fail(replacement!, "rewrite: the replacement is empty");
    let then: RewriteStatement["then"];
    switch (flag?.text) {
      case undefined:
        then = { kind: "continue" };
        break;
      case "last":
      case "break":
        then = { kind: flag!.text as "last" | "break" };
        break;
      case "redirect":
        then = { kind: "redirect", status: 302 };
        break;
      case "permanent":
        then = { kind: "redirect", status: 301 };
        break;
      default:
        return reader.fail(flag!, `rewrite flag "${flag!.text}": last, break, redirect or permanent expected`);
    }
    // A full URL always redirects.
    if (then.kind !== "redirect" && /^(?:https?:\/\/|\$scheme|\$\{scheme\})/.test(text)) {
      then = { kind: "redirect", status: 302 };
    }
    const keepArgs = !text.endsWith("?");
    const whole = keepArgs ? text : text.slice(0, -1);
    const mark = whole.indexOf("?");
    const path = reader.template({ ...replacement!, text: mark < 0 ? whole : whole.slice(0, mark) });
    const args = mark < 0 ? null : reader.template({ ...replacement!, text: whole.slice(mark + 1) });
    reader.add({ kind: "rewrite", pattern, path, args, keepArgs, then });
  },
};
