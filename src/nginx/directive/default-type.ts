/**
 * `default_type`: Content-Type of bodies given by `return`; empty: they have none.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#default_type
 * @module
 */
import { type DirectiveModule, NOT_IN_IF } from "./directive.ts";

export const defaultType: DirectiveModule = {
  name: "default_type",
  contexts: NOT_IN_IF,
  words: [1, 1],
  read({ words: [word] }, reader) {
    if (word!.text !== "" && !/^[\x21-\x7e][\x20-\x7e]*$/.test(word!.text)) {
      reader.fail(word!, `"${word!.text}": a media type expected`);
    }
    reader.setting({ kind: "default_type", type: word!.text });
  },
};
