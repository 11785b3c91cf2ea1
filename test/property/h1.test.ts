import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChunkedTracker, encodePath, normalizePath } from "../../src/http/mod.ts";
import { requestLog, responseLog } from "../support/h1-log.ts";
import { type Random, random } from "../support/random.ts";

const LINES = [
  "Host: a.example\r\n",
  "Host: b\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: x\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive, X-A\r\n",
  "X-A:  b \r\n",
  "x_y: 1\r\n",
  "A:\r\n",
  " folded\r\n",
  "no colon\r\n",
  "B : c\r\n",
  "C: d\n",
  `D: ${"d".repeat(300)}\r\n`,
];
const STARTS = [
  "GET / HTTP/1.1\r\n",
  "POST /x?y HTTP/1.1\r\n",
  "\r\nGET http://h/ HTTP/1.1\r\n",
  "GET / HTTP/1.0\r\n",
  "GET /\x01 HTTP/1.1\r\n",
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 204\n",
  "HTTP/1.0 404 x\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
];
const BODIES = [
  "",
  "hello",
  "5\r\nhello\r\n0\r\n\r\n",
  "5;x\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
  "3\r\nabc\r\n\r\n",
  "0\r\n\r\n",
];

/** Something like a message or two, sometimes with a byte changed. */
function message(next: Random): Buffer {
  let text = "";
  for (let n = 0; n <= next(2); n++) {
    text += next.of(STARTS);
    if (next(4) > 0) text += LINES[0];
    for (let i = next(4); i > 0; i--) text += next.of(LINES);
    text += `\r\n${next.of(BODIES)}`;
  }
  const bytes = Buffer.from(text, "latin1");
  if (next(3) === 0) bytes[next(bytes.length)] = next(256);
  return bytes;
}

function pieces(bytes: Uint8Array, next: Random): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + next(next(3) === 0 ? 3 : 60);
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

/** Where a message is wrong in several ways, the way that is told may depend on what was seen first. */
function withoutReason(log: readonly string[]): string[] {
  return log.map((line) => line.replace(/^\d+ error .*/, "error"));
}

describe("the readers of HTTP/1.1", () => {
  it("make the same of a message however it is split", () => {
    const next = random(1);
    for (let round = 0; round < 3000; round++) {
      const bytes = message(next);
      const parts = pieces(bytes, next);
      const text = JSON.stringify(bytes.toString("latin1"));
      assert.deepEqual(withoutReason(requestLog(parts)), withoutReason(requestLog([bytes])), text);
      assert.deepEqual(withoutReason(responseLog(parts)), withoutReason(responseLog([bytes])), text);
    }
  });

  it("neither throw nor stop at any bytes", () => {
    const next = random(2);
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(
        Array.from(
          { length: next(400) },
          () => next(3) === 0 ? next(256) : next.of([...Buffer.from("GET /HTP1.\r\n:a 0")]),
        ),
      );
      requestLog(pieces(bytes, next));
      responseLog(pieces(bytes, next), next(2) === 0);
    }
  });
});

describe("ChunkedTracker", () => {
  it("keeps what gives the same data when it is read again", () => {
    const next = random(3);
    for (let round = 0; round < 2000; round++) {
      let text = "";
      let data = "";
      for (let i = next(5); i > 0; i--) {
        const chunk = "x".repeat(1 + next(40)) + "\r\n0".slice(0, next(4));
        data += chunk;
        text += `${"0".repeat(next(3))}${chunk.length.toString(16)}${next(2) === 0 ? ";e=1" : ""}\r\n${chunk}\r\n`;
      }
      text += `0${next(3) === 0 ? ";last" : ""}\r\n${next(2) === 0 ? "X-T: 1\r\n" : ""}\r\n`;
      const tracker = new ChunkedTracker();
      let kept = "";
      let got = "";
      for (const part of pieces(Buffer.from(text), next)) {
        assert.equal(tracker.feed(part, 0, part.length), part.length);
        for (let i = 0; i < tracker.kept.length; i += 2) {
          kept += Buffer.from(part.subarray(tracker.kept[i], tracker.kept[i + 1]));
        }
        for (let i = 0; i < tracker.data.length; i += 2) {
          got += Buffer.from(part.subarray(tracker.data[i], tracker.data[i + 1]));
        }
      }
      assert.ok(tracker.done);
      assert.equal(got, data);
      assert.equal(tracker.dataBytes, data.length);
      if (tracker.trailers !== "") kept += `${tracker.trailers}\r\n`;
      assert.ok(!kept.includes(";"));
      const again = new ChunkedTracker();
      const bytes = Buffer.from(kept);
      assert.equal(again.feed(bytes, 0, bytes.length), bytes.length);
      assert.ok(again.done, JSON.stringify(kept));
      assert.equal(again.trailers, tracker.trailers);
      assert.equal(again.dataBytes, data.length);
    }
  });
});

describe("paths", () => {
  it("in normal form stay so, and come back from their encoding", () => {
    const next = random(4);
    const atoms = [
      "/",
      "/",
      ".",
      "..",
      "a",
      "%2e",
      "%2F",
      "%41",
      "%C3%A4",
      "%ff",
      "\xc3",
      "%20",
      "%25",
      "%3f",
      "+",
      ";",
    ];
    for (let round = 0; round < 5000; round++) {
      const raw = `/${Array.from({ length: next(12) }, () => next.of(atoms)).join("")}`;
      const path = normalizePath(raw);
      if (path === undefined) continue;
      assert.ok(path.startsWith("/") && !path.includes("//") && !/\/\.\.?(?:\/|$)/.test(path), raw);
      assert.equal(normalizePath(encodePath(path)), path, raw);
    }
  });
});
