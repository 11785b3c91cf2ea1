/**
 * Golden HTTP/1.1: `test/golden/h1/*.md` hold bytes, and the events that the readers make of them, however they are split.
 * Lines of a block end with CRLF; `\n`, `\r`, `\0`, `\t`, `\xNN` are bytes, and a `\` at the end takes the line end away.
 * `UPDATE_GOLDEN=1` writes what comes out now.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { requestLog, responseLog, splits } from "../support/h1-log.ts";

const folder = new URL("./h1/", import.meta.url);
const update = process.env["UPDATE_GOLDEN"] === "1";
const CASE = /^## (.+)\n([^]*?)```(request|response|response to HEAD)\n([^]*?)```\n\n```log\n([^]*?)```\n/gm;

function bytesOf(block: string): Uint8Array {
  const text = block.replace(/\\\n/g, "").replace(/\n/g, "\r\n").replace(/\\(?:x([0-9a-f]{2})|([nrt0]))/g, (_, hex, letter) => {
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return { n: "\n", r: "\r", t: "\t", "0": "\0" }[letter as "n"]!;
  });
  return Buffer.from(text, "latin1");
}

for (const file of readdirSync(folder).filter((name) => name.endsWith(".md")).sort()) {
  const url = new URL(file, folder);
  const page = readFileSync(url, "utf8");
  describe(`golden h1/${file}`, () => {
    const updated = page.replace(CASE, (whole, title: string, _prose, kind: string, block: string, expected: string) => {
      const bytes = bytesOf(block);
      const read = (parts: readonly Uint8Array[]): string => {
        const lines = kind === "request" ? requestLog(parts) : responseLog(parts, kind === "response to HEAD");
        return lines.map((line) => `${line}\n`).join("");
      };
      const got = read([bytes]);
      test(title, () => {
        if (!update) assert.equal(got, expected);
        for (const parts of splits(bytes)) {
          assert.equal(read(parts), got, `split ${parts.length === 2 ? `at ${parts[0]!.length}` : "at every byte"}`);
        }
      });
      return whole.replace(`\`\`\`log\n${expected}`, () => `\`\`\`log\n${got}`);
    });
    if (update) writeFileSync(url, updated);
  });
}
