/**
 * `add_header name value [always]`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header
 * @module
 */
import { type DirectiveModule, NOT_IN_HOST_IF } from "./directive.ts";
import { checkFieldName } from "./field-name.ts";

export const addHeader: DirectiveModule = {
  name: "add_header",
  contexts: NOT_IN_HOST_IF,
  words: [2, 3],
  read({ words: [name, value, always] }, reader) {
    if (always !== undefined && always.text !== "always") {
      reader.fail(always, `"${always.text}": always expected`);
    }
    const template = reader.template(value!);
    if (!checkFieldName(reader, name!, name!.text)) return;
    reader.setting({ kind: "add_header", name: name!.text, value: template, always: always !== undefined });
  },
};
