/**
 * HTTP/1.1: what is read does not depend on how bytes arrive, and what a head says of its body is never doubtful.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { requestLog, responseLog } from "../../test/support/h1-log.ts";
import { type FuzzTarget, mutated, pieces, texts } from "./target.ts";

const SEEDS = texts(
  "GET / HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n",
  "POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: b\r\n\r\n",
  'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5;x="y"\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
  "GET http://h:80/p HTTP/1.1\r\nHost: h:80\r\nConnection: keep-alive, X-A\r\nX-A: 1\r\n\r\n",
  "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
  "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  "GET / HTTP/1.0\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\nhello",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  "HTTP/1.0 404 Not Found\r\n\r\nuntil the end",
  "HTTP/1.1 204\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
);
const PIECES = texts(
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  ":",
  " ",
  "\t",
  "\0",
  "\xff",
  "\r\n folded",
  "Content-Length: 0\r\n",
  "Content-Length: +1\r\n",
  "Content-Length: 18446744073709551616\r\n",
  "Content-Length: 5, 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "Transfer-Encoding: identity\r\n",
  "Transfer-Encoding : chunked\r\n",
  "Host: c\r\n",
  "Connection: close\r\n",
  "Connection: Transfer-Encoding\r\n",
  "ffffffffffffffff\r\n",
  "-1\r\n",
  "0x5\r\n",
  "0\r\n\r\n",
  "HTTP/1.1",
  "HTTP/2.0",
  "%00",
  "%2e%2e/",
  "//",
  "#",
  "?",
  "@",
  "[::1]",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "A".repeat(9000),
);

/** Where a message is wrong in several ways, the way that is told may depend on what was seen first. */
function withoutReason(log: readonly string[]): string[] {
  return log.map((line) => line.replace(/^\d+ error .*/, "error"));
}

export const h1: FuzzTarget = {
  make: (next) => mutated(SEEDS, PIECES, next),
  check: (input, next) => {
    const toHead = next(4) === 0;
    for (const log of [requestLog, (parts: readonly Uint8Array[]) => responseLog(parts, toHead)]) {
      const whole = withoutReason(log([Buffer.from(input)]));
      const split = pieces(input, next);
      const told = withoutReason(log(split));
      // Between line ends a head is not looked at: what is wrong with it may be told as late as at the next one.
      if (told.at(-1)?.endsWith("incomplete") && whole.at(-1) === "error") {
        assert.equal(withoutReason(log([...split, Buffer.from("\n")])).at(-1), "error");
        told[told.length - 1] = "error";
      }
      assert.deepEqual(told, whole);
    }
  },
};
