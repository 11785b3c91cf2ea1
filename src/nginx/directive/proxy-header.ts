/**
 * `proxy_set_header name value` and `proxy_hide_header name`.
 *
 * A name that the proxy sends by itself (X-Real-IP, X-Forwarded-*, Host, ...) is replaced by the snippet's value, which is
 * what authors want; nginx would send both lines.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header
 * @module
 */
import type { Directive } from "../syntax/mod.ts";
import { type BlockReader, type DirectiveModule, NOT_IN_IF } from "./directive.ts";
import { checkFieldName } from "./field-name.ts";

export const proxySetHeader: DirectiveModule = {
  name: "proxy_set_header",
  contexts: NOT_IN_IF,
  words: [2, 2],
  read(directive, reader) {
    const [name, value] = directive.words;
    const template = reader.template(value!);
    if (reader.context === "server") {
      reader.note(
        directive,
        "proxy_set_header at host level does not reach the paths of an Ingress, each of which has its own list",
        "nothing is set",
      );
      return;
    }
    if (!reader.proxied) return noteNotProxied(directive, reader, "nothing is set");
    if (!checkFieldName(reader, name!, name!.text)) return;
    reader.setting({ kind: "proxy_set_header", name: name!.text, value: template });
  },
};

export const proxyHideHeader: DirectiveModule = {
  name: "proxy_hide_header",
  contexts: NOT_IN_IF,
  words: [1, 1],
  read(directive, reader) {
    const [name] = directive.words;
    if (!reader.proxied) return noteNotProxied(directive, reader, "nothing is hidden");
    if (!checkFieldName(reader, name!, name!.text)) return;
    reader.setting({ kind: "proxy_hide_header", name: name!.text.toLowerCase() });
  },
};

function noteNotProxied(directive: Directive, reader: BlockReader, effect: string): void {
  reader.note(directive, `${directive.name} in a location of a snippet, which proxies nothing`, effect);
}
