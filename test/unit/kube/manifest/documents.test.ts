import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { hashBytes, leadingLines, splitDocuments } from "../../../../src/kube/manifest/documents.ts";

function documents(text: string): [number, string][] {
  const bytes = Buffer.from(text);
  return splitDocuments(bytes).map(({ line, start, end }) => [line, bytes.toString("utf8", start, end)]);
}

const rows: [name: string, text: string, expected: [number, string][]][] = [
  ["one document without markers", "a: 1", [[1, "a: 1"]]],
  ["nothing", "", []],
  ["comments and empty lines only", "\n# a\n\n  # b\n---\n# c\n", []],
  ["several documents", "a: 1\n---\nb: 2\n", [[1, "a: 1\n"], [2, "---\nb: 2\n"]]],
  ["empty documents in between", "---\na: 1\n---\n---\n# c\n---\nb: 2\n", [[1, "---\na: 1\n"], [6, "---\nb: 2\n"]]],
  ["an end marker", "a: 1\n...\nb: 2\n", [[1, "a: 1\n"], [3, "b: 2\n"]]],
  ["a directive belongs to what follows", "%YAML 1.2\n---\na: 1\n--- {b: 1}\n", [[1, "%YAML 1.2\n---\na: 1\n"], [
    4,
    "--- {b: 1}\n",
  ]]],
  ["a percent sign within a document is content", "a: |\n%x\n---\nb: 1\n", [[1, "a: |\n%x\n"], [3, "---\nb: 1\n"]]],
  ["content on the line of the marker", "--- a\n--- b\n", [[1, "--- a\n"], [2, "--- b\n"]]],
  ["dashes that are no marker", "a: |\n  ---\n----\n---b\n", [[1, "a: |\n  ---\n----\n---b\n"]]],
  ["CRLF", "a: 1\r\n---\r\nb: 2\r\n", [[1, "a: 1\r\n"], [2, "---\r\nb: 2\r\n"]]],
  ["a byte order mark", "\ufeff---\na: 1\n", [[1, "---\na: 1\n"]]],
];

describe("splitDocuments()", () => {
  for (const [name, text, expected] of rows) test(name, () => assert.deepEqual(documents(text), expected));
});

test("leadingLines() counts to the first content", () => {
  assert.equal(leadingLines("---\n# c\n\napiVersion: v1\n"), 3);
  assert.equal(leadingLines("--- {a: 1}"), 0);
  assert.equal(leadingLines("%YAML 1.2\n--- # c\na: 1"), 2);
  assert.equal(leadingLines(""), 0);
});

test("hashBytes() tells one changed byte, and a moved one", () => {
  const hash = (text: string) => hashBytes(Buffer.from(text), 0, text.length);
  assert.notEqual(hash("port: 80"), hash("port: 81"));
  assert.notEqual(hash("ab"), hash("ba"));
  assert.notEqual(hash("a\0"), hash("a"));
  assert.equal(hash("port: 80"), hash("port: 80"));
});
