/**
 * `break`: the remaining statements of this phase are skipped.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#break
 * @module
 */
import { type DirectiveModule, EVERYWHERE } from "./directive.ts";

export const breakDirective: DirectiveModule = {
  name: "break",
  contexts: EVERYWHERE,
  words: [0, 0],
  read: (_, reader) => reader.add({ kind: "break" }),
};
