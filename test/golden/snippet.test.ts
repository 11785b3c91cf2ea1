/**
 * Golden snippets: `test/golden/snippet/*.md` hold snippets, and what the parser makes of each: the tree, the program and the
 * findings with their places. `UPDATE_GOLDEN=1` writes what comes out now.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { parseSnippet, type SnippetContext } from "../../src/nginx/mod.ts";
import { parseTree } from "../../src/nginx/syntax/parser.ts";
import { type Directive, SnippetSyntaxError } from "../../src/nginx/syntax/tree.ts";

const folder = new URL("./snippet/", import.meta.url);
const update = process.env["UPDATE_GOLDEN"] === "1";

/** One directive a line, with its place; blocks are indented. */
function formatTree(directives: readonly Directive[], indent = ""): string {
  return directives.map(({ name, words, block, line, column }) => {
    const texts = words.map(({ text, quoted }) => (quoted ? "q" : "") + JSON.stringify(text));
    const inner = block === null ? "" : ` {\n${formatTree(block, `${indent}  `)}${indent}}`;
    return `${indent}${line}:${column} ${[JSON.stringify(name).slice(1, -1), ...texts].join(" ")}${inner}\n`;
  }).join("");
}

/** JSON with short values on one line. */
function formatData(value: unknown, indent = ""): string {
  const short = JSON.stringify(value);
  if (short.length + indent.length <= 110 || value === null || typeof value !== "object") return short;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((each) => inner + formatData(each, inner)).join(",\n")}\n${indent}]`;
  }
  const lines = Object.entries(value).map(([key, each]) => `${inner}${JSON.stringify(key)}: ${formatData(each, inner)}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

function outcome(text: string, context: SnippetContext): string {
  let tree: string;
  try {
    tree = formatTree(parseTree(text));
  } catch (error) {
    assert.ok(error instanceof SnippetSyntaxError);
    tree = "none\n";
  }
  const { program, findings } = parseSnippet(text, context);
  const lines = findings.map(({ line, column, severity, reason, message, effect }) =>
    `${line}:${column} ${severity} ${reason}: ${message}${effect === "" ? "" : ` -> ${effect}`}\n`
  );
  return `\`\`\`tree\n${tree}\`\`\`\n\n\`\`\`json\n${formatData(program)}\n\`\`\`\n\n\`\`\`findings\n${
    lines.join("")
  }\`\`\`\n`;
}

for (const file of readdirSync(folder).filter((name) => name.endsWith(".md")).sort()) {
  describe(`golden snippets: ${file}`, () => {
    const url = new URL(file, folder);
    const [head, ...cases] = readFileSync(url, "utf8").split(/^(?=## )/m);
    const rewritten = cases.map((text) => {
      const match = /^## (.+)\n\n```nginx (server|location)\n([^]*?)\n```\n\n?([^]*?)\n*$/.exec(text);
      assert.ok(match, `${file}: heading and nginx block expected`);
      const [, title, context, snippet, expected] = match;
      // Line ends of Windows survive Markdown as a visible mark.
      const actual = outcome(snippet!.replaceAll("\u240d", "\r"), context as SnippetContext);
      if (!update) test(title!, () => assert.equal(actual.trimEnd(), expected!.trimEnd()));
      return `## ${title}\n\n\`\`\`nginx ${context}\n${snippet}\n\`\`\`\n\n${actual}`;
    });
    if (update) writeFileSync(url, `${head!.trimEnd()}\n\n${rewritten.join("\n")}`);
  });
}
