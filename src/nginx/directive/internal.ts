/**
 * `internal`: requests of clients get 404.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#internal
 * @module
 */
import type { DirectiveModule } from "./directive.ts";

export const internal: DirectiveModule = {
  name: "internal",
  contexts: ["location"],
  words: [0, 0],
  read: (_, reader) => reader.setting({ kind: "internal" }),
};
