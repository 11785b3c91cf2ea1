/**
 * `allow address | CIDR | unix: | all` and `deny ...`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_access_module.html
 * @module
 */
import { parseCidr } from "../../net/mod.ts";
import { type DirectiveModule, NOT_IN_IF } from "./directive.ts";

function access(name: "allow" | "deny"): DirectiveModule {
  return {
    name,
    contexts: NOT_IN_IF,
    words: [1, 1],
    read({ words: [word] }, reader) {
      const source = word!.text;
      if (source === "unix:") {
        reader.note(word!, `${name} "unix:": no request comes by a Unix socket`, "the rule never decides");
        return;
      }
      if (source !== "all" && parseCidr(source) === undefined) {
        reader.fail(word!, `"${source}": an address, a CIDR block or all expected`);
      }
      reader.setting({ kind: "access", allow: name === "allow", source });
    },
  };
}

export const allow: DirectiveModule = access("allow");
export const deny: DirectiveModule = access("deny");
