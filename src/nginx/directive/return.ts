/**
 * `return code [text]`, `return code URL`, `return URL`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#return
 * @module
 */
import { type DirectiveModule, EVERYWHERE } from "./directive.ts";

export const returnDirective: DirectiveModule = {
  name: "return",
  contexts: EVERYWHERE,
  words: [1, 2],
  read({ words: [first, second] }, reader) {
    if (!/^[0-9]+$/.test(first!.text)) {
      if (second !== undefined || !/^(?:https?:\/\/|\$scheme|\$\{scheme\})/.test(first!.text)) {
        reader.fail(first!, `return code "${first!.text}": a number expected`);
      }
      reader.add({ kind: "return", status: 302, text: reader.template(first!) });
      return;
    }
    const status = Number(first!.text);
    if (status < 200 || status > 999) reader.fail(first!, `return code "${first!.text}": 200 to 999 expected`);
    reader.add({ kind: "return", status, text: second === undefined ? null : reader.template(second) });
  },
};
