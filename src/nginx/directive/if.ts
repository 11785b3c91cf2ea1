/**
 * `if (condition) { ... }`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#if
 * @module
 */
import type { Condition } from "../program.ts";
import type { Directive, Word } from "../syntax/mod.ts";
import type { BlockReader, DirectiveModule } from "./directive.ts";

export const ifDirective: DirectiveModule = {
  name: "if",
  contexts: ["server", "location"],
  words: [1, Infinity],
  block: true,
  read(directive, reader) {
    const condition = readCondition(directive, reader);
    const block = reader.block(directive, reader.context === "server" ? "if-in-server" : "if-in-location");
    reader.add({ kind: "if", condition, block });
  },
};

/** Returns the words between the parentheses, which may be joined to the first and the last word. */
function inner(directive: Directive, reader: BlockReader): Word[] {
  const words = [...directive.words];
  const first = words[0]!;
  const last = words.at(-1)!;
  if (first.quoted || !first.text.startsWith("(") || !last.text.endsWith(")") || last.quoted) {
    reader.fail(first, 'condition: "(" ... ")" expected');
  }
  const trimmed = words.map((word, i) => {
    let { text, column } = word;
    if (i === words.length - 1) text = text.slice(0, -1);
    if (i === 0) {
      text = text.slice(1);
      column++;
    }
    return { ...word, text, column };
  });
  return trimmed.filter((word, i) => word.text !== "" || word.quoted || (i > 0 && i < trimmed.length - 1));
}

function readCondition(directive: Directive, reader: BlockReader): Condition {
  const [left, operator, right, ...rest] = inner(directive, reader);
  if (left === undefined) return reader.fail(directive, "condition is empty");
  if (rest.length > 0) return reader.fail(rest[0]!, `unexpected "${rest[0]!.text}" in the condition`);
  if (/^!?-[fdex]$/.test(left.text)) {
    if (operator === undefined || right !== undefined) {
      return reader.fail(left, "condition: one path expected after a file test");
    }
    reader.template(operator);
    reader.note(
      left,
      `test "${left.text}": there are no files here`,
      `the test is always ${left.text.startsWith("!")}`,
    );
    return { kind: "constant", value: left.text.startsWith("!") };
  }
  if (!left.text.startsWith("$")) return reader.fail(left, `condition: a variable expected in place of "${left.text}"`);
  const variable = reader.variable(left);
  if (operator === undefined) return { kind: "present", variable };
  if (right === undefined) return reader.fail(operator, "condition: a value expected after the operator");
  switch (operator.text) {
    case "=":
    case "!=":
      return { kind: "equal", variable, value: reader.template(right), negated: operator.text === "!=" };
    case "~":
    case "~*":
    case "!~":
    case "!~*": {
      const caseInsensitive = operator.text.endsWith("*");
      const pattern = reader.pattern(right, { caseInsensitive, bytes: true });
      return { kind: "match", variable, pattern, negated: operator.text.startsWith("!") };
    }
    default:
      return reader.fail(operator, `condition: unknown operator "${operator.text}"`);
  }
}
