/**
 * `set $variable value`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#set
 * @module
 */
import { isSettable, isVariable } from "../variable/mod.ts";
import { type DirectiveModule, EVERYWHERE } from "./directive.ts";

/** Variables of nginx or of the controller whose value a snippet can change with effect. */
const ASSIGNABLE: readonly string[] = [
  "args",
  "best_http_host",
  "pass_access_scheme",
  "pass_port",
  "pass_server_port",
  "proxy_upstream_name",
];

/** Variables that the controller sets or maps, so nginx lets snippets set them; here they are facts. */
const FACTS: ReadonlySet<string> = new Set([
  "namespace",
  "ingress_name",
  "service_name",
  "service_port",
  "location_path",
  "proxy_alternative_upstream_name",
  "the_real_ip",
  "full_x_forwarded_for",
  "full_x_forwarded_proto",
  "escaped_request_uri",
  "req_id",
  "proxy_host",
  "proxy_port",
  "force_ssl_redirect",
  "ssl_redirect",
  "force_no_ssl_redirect",
  "preserve_trailing_slash",
  "use_port_in_redirects",
  "proxy_protocol_addr_trusted",
  "forwarded_for_proxy_protocol",
]);

export const set: DirectiveModule = {
  name: "set",
  contexts: EVERYWHERE,
  words: [2, 2],
  read({ words: [name, value] }, reader) {
    const variable = reader.variable(name!);
    const template = reader.template(value!);
    if (variable === "proxy_upstream_name" && reader.context.endsWith("server")) {
      const effect = "the assignment is not carried out";
      reader.note(name!, 'variable "$proxy_upstream_name" is set anew by each location', effect);
      return;
    }
    if (variable === "limit_rate") {
      reader.note(name!, 'variable "$limit_rate": rates are not limited', "the assignment is not carried out");
      return;
    }
    if (FACTS.has(variable)) {
      reader.note(name!, `variable "$${variable}" is a fact here`, "the assignment is not carried out");
      return;
    }
    if (isVariable(variable) && !isSettable(variable) && !ASSIGNABLE.includes(variable)) {
      reader.fail(name!, `variable "$${variable}" cannot be set`);
    }
    reader.define(variable);
    reader.add({ kind: "set", variable, value: template });
  },
};
