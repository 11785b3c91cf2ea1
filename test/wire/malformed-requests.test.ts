import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { answering, echo, RawBackend, TestFront } from "../support/wire.ts";

/** What a client sends; what it gets; how many requests the backend sees. */
type Row = readonly [name: string, bytes: string, status: number, atBackend: number];

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
const HOST = "Host: a.example\r\n";

/** A head with `lines` (each with CRLF) behind Host. */
function head(lines: string, line = "POST / HTTP/1.1"): string {
  return `${line}\r\n${HOST}${lines}\r\n`;
}

const REFUSED: readonly Row[] = [
  [
    "Content-Length before Transfer-Encoding",
    head("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n") + `0\r\n\r\n${SMUGGLED}`,
    400,
    0,
  ],
  [
    "Transfer-Encoding before Content-Length",
    head("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n") + `0\r\n\r\n${SMUGGLED}`,
    400,
    0,
  ],
  ["two Content-Lengths that differ", head("Content-Length: 0\r\nContent-Length: 36\r\n") + SMUGGLED, 400, 0],
  ["two Content-Lengths that agree", head("Content-Length: 36\r\nContent-Length: 36\r\n") + SMUGGLED, 400, 0],
  ["a list of Content-Lengths", head("Content-Length: 36, 36\r\n") + SMUGGLED, 400, 0],
  ["a Content-Length with a plus sign", head("Content-Length: +36\r\n") + SMUGGLED, 400, 0],
  ["a negative Content-Length", head("Content-Length: -1\r\n") + SMUGGLED, 400, 0],
  ["a hexadecimal Content-Length", head("Content-Length: 0x24\r\n") + SMUGGLED, 400, 0],
  ["a Content-Length of words", head("Content-Length: abc\r\n"), 400, 0],
  ["an empty Content-Length", head("Content-Length:\r\n"), 400, 0],
  ["a Content-Length beyond all numbers", head("Content-Length: 99999999999999999999\r\n"), 400, 0],
  ["a Content-Length with a space in it", head("Content-Length: 3 6\r\n") + SMUGGLED, 400, 0],
  ["another transfer coding", head("Transfer-Encoding: gzip\r\n"), 501, 0],
  ["a list of transfer codings", head("Transfer-Encoding: gzip, chunked\r\n"), 501, 0],
  ["chunked twice", head("Transfer-Encoding: chunked, chunked\r\n"), 501, 0],
  ["two Transfer-Encodings", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, 0],
  ["Transfer-Encoding: identity", head("Transfer-Encoding: identity\r\n"), 501, 0],
  ["xchunked", head("Transfer-Encoding: xchunked\r\n"), 501, 0],
  ["chunked with a parameter", head("Transfer-Encoding: chunked;q=1\r\n"), 501, 0],
  ["Transfer-Encoding with a vertical tab", head("Transfer-Encoding: \x0bchunked\r\n"), 400, 0],
  ["Transfer-Encoding in HTTP/1.0", head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0") + "0\r\n\r\n", 400, 0],
  ["Content-Length with a space before the colon", head("Content-Length : 36\r\n") + SMUGGLED, 400, 0],
  ["Transfer-Encoding with a tab before the colon", head("Transfer-Encoding\t: chunked\r\n"), 400, 0],
  ["line ends of LF", `GET / HTTP/1.1\nHost: a\n\n`, 400, 0],
  ["one line end of LF", `GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n`, 400, 0],
  ["an empty line of LF", `GET / HTTP/1.1\r\nHost: a\r\n\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`, 400, 0],
  ["CR in a value", head("X-A: b\rc\r\n", "GET / HTTP/1.1"), 400, 0],
  ["CR at the end of a line", head("X-A: b\r\r\n", "GET / HTTP/1.1"), 400, 0],
  ["NUL in a value", head("X-A: b\0c\r\n", "GET / HTTP/1.1"), 400, 0],
  ["NUL in a name", head("X\0A: b\r\n", "GET / HTTP/1.1"), 400, 0],
  ["a control character in a value", head("X-A: b\x01c\r\n", "GET / HTTP/1.1"), 400, 0],
  ["DEL in a value", head("X-A: b\x7fc\r\n", "GET / HTTP/1.1"), 400, 0],
  ["a folded line", head("X-A: b\r\n c\r\n", "GET / HTTP/1.1"), 400, 0],
  ["a folded line with a tab", head("X-A: b\r\n\tc\r\n", "GET / HTTP/1.1"), 400, 0],
  ["a space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, 0],
  ["a space in a name", head("X A: b\r\n", "GET / HTTP/1.1"), 400, 0],
  ["an empty name", head(": b\r\n", "GET / HTTP/1.1"), 400, 0],
  ["a line without a colon", head("X-A b\r\n", "GET / HTTP/1.1"), 400, 0],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400, 0],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, 0],
  ["two Hosts that agree", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, 0],
  ["an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, 0],
  ["a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, 0],
  ["a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, 0],
  ["a Host with user information", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, 0],
  ["a list of Hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, 0],
  ["a Host with a bad port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, 0],
  ["a Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, 0],
  ["a Host that is not ASCII", "GET / HTTP/1.1\r\nHost: \xe4\r\n\r\n", 400, 0],
  ["a space in the target", "GET /x y HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a tab before the target", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, 0],
  ["a control character in the target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["DEL in the target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a fragment in the target", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a target without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["an asterisk target", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["an authority target of GET", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["an absolute target with user information", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["an absolute target without a host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["an absolute target of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a bad escape in the path", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["half an escape in the path", "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["an escaped NUL in the path", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["dots above the root", "GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["escaped dots above the root", "GET /a/%2e%2e/%2E./x HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["no version (HTTP/0.9)", "GET /\r\n\r\n", 400, 0],
  ["no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a version of one number", "GET / HTTP/1\r\nHost: a\r\n\r\n", 400, 0],
  ["a version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, 0],
  ["HTTP/2.0 in words", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, 0],
  ["the preface of HTTP/2 with something else behind it", "PRI * HTTP/2.0\r\nHost: a\r\n\r\n", 505, 0],
  ["a method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a method with a digit", "G3T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, 0],
  ["a Host of a dot", "GET / HTTP/1.1\r\nHost: .\r\n\r\n", 400, 0],
  ["a request line of 8193 bytes", `GET /${"a".repeat(8177)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, 0],
  ["a field line of 8193 bytes", head(`X-A: ${"a".repeat(8186)}\r\n`, "GET / HTTP/1.1"), 400, 0],
  ["a method with a bracket", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["a space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0],
  ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, 0],
  ["a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, 0],
  ["nothing but rubbish", "\x00\x01\x02\x03\x04", 400, 0],
  ["a request line that is too long", `GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, 0],
  ["a request line without end", `GET /${"a".repeat(9000)}`, 414, 0],
  ["a field line that is too long", head(`X-A: ${"a".repeat(9000)}\r\n`, "GET / HTTP/1.1"), 400, 0],
  ["a field line without end", `GET / HTTP/1.1\r\n${HOST}X-A: ${"a".repeat(9000)}`, 400, 0],
  ["a head that is too long", head(`X-A: ${"a".repeat(7000)}\r\n`.repeat(5), "GET / HTTP/1.1"), 400, 0],
  ["more than 128 fields", head("X-A: a\r\n".repeat(128), "GET / HTTP/1.1"), 400, 0],
  ["a chunk size that is no number", head("Transfer-Encoding: chunked\r\n") + "g\r\n", 400, 0],
  ["a chunk size with 0x", head("Transfer-Encoding: chunked\r\n") + "0x1\r\na\r\n0\r\n\r\n", 400, 0],
  ["a chunk size with a sign", head("Transfer-Encoding: chunked\r\n") + "+1\r\na\r\n0\r\n\r\n", 400, 0],
  ["a chunk size of two words", head("Transfer-Encoding: chunked\r\n") + "1 2\r\na\r\n0\r\n\r\n", 400, 0],
  ["a chunk size behind a space", head("Transfer-Encoding: chunked\r\n") + " 1\r\na\r\n0\r\n\r\n", 400, 0],
  ["a chunk size beyond all numbers", head("Transfer-Encoding: chunked\r\n") + "fffffffffffffffff\r\na", 400, 0],
  ["an empty chunk size", head("Transfer-Encoding: chunked\r\n") + "\r\n\r\n", 400, 0],
  ["a chunk size with LF", head("Transfer-Encoding: chunked\r\n") + "1\na\r\n0\r\n\r\n", 400, 0],
  ["a chunk that is longer than its size", head("Transfer-Encoding: chunked\r\n") + "1\r\nab\r\n0\r\n\r\n", 400, 0],
  ["a chunk that ends with LF", head("Transfer-Encoding: chunked\r\n") + "1\r\na\n0\r\n\r\n", 400, 0],
  ["an extension without end", head("Transfer-Encoding: chunked\r\n") + `1;${"a".repeat(5000)}`, 400, 0],
  ["an extension with LF in it", head("Transfer-Encoding: chunked\r\n") + "1;a\nb\r\na\r\n0\r\n\r\n", 400, 0],
  ["a last chunk whose size ends with LF", head("Transfer-Encoding: chunked\r\n") + "1\r\na\r\n0\n\r\n", 400, 0],
  ["a last chunk with an LF for its empty line", head("Transfer-Encoding: chunked\r\n") + "1\r\na\r\n0\r\n\n", 400, 0],
  ["a last chunk with LFs only", head("Transfer-Encoding: chunked\r\n") + "1\r\na\r\n0\n\n", 400, 0],
  ["a trailer line that ends with LF", head("Transfer-Encoding: chunked\r\n") + "0\r\nX: y\n", 400, 0],
  [
    "a second trailer line that ends with LF",
    head("Transfer-Encoding: chunked\r\n") + "0\r\nX: y\r\nZ: y\n\r\n",
    400,
    0,
  ],
  ["a trailer section whose empty line is LF", head("Transfer-Encoding: chunked\r\n") + "0\r\nX: y\r\n\n", 400, 0],
  [
    "a trailer line of nothing but LF, and a request behind it",
    head("Transfer-Encoding: chunked\r\n") + "0\r\nX: y\n\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    400,
    0,
  ],
  ["a trailer section with a folded line", head("Transfer-Encoding: chunked\r\n") + "0\r\n X: y\r\n\r\n", 400, 0],
  [
    "a trailer section that is too long",
    head("Transfer-Encoding: chunked\r\n") + `0\r\nX: ${"a".repeat(9000)}\r\n\r\n`,
    400,
    0,
  ],
];

const TAKEN: readonly Row[] = [
  ["an empty line before the request", "\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, 1],
  ["a Host with an IPv6 address", "GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n", 200, 1],
  ["HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200, 1],
  ["a later minor version", "GET / HTTP/1.2\r\nHost: a\r\nConnection: close\r\n\r\n", 200, 1],
  ["a request line of 8192 bytes", `GET /${"a".repeat(8176)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 200, 1],
  ["a field line of 8192 bytes", head(`X-A: ${"a".repeat(8185)}\r\nConnection: close\r\n`, "GET / HTTP/1.1"), 200, 1],
  ["a method that nobody knows", "M-SEARCH / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, 1],
  ["bytes beyond ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, 1],
  [
    "a space behind a chunk size, and before an extension",
    head("Transfer-Encoding: chunked\r\nConnection: close\r\n") + "1 \r\na\r\n1 ;b\r\na\r\n0\r\n\r\n",
    200,
    1,
  ],
  [
    "chunked in upper case",
    head("Transfer-Encoding: CHUNKED\r\nConnection: close\r\n") + "1\r\na\r\n0\r\n\r\n",
    200,
    1,
  ],
  ["an empty value", head("X-A:\r\nConnection: close\r\n", "GET / HTTP/1.1"), 200, 1],
  ["127 further fields", head(`${"X-A: a\r\n".repeat(126)}Connection: close\r\n`, "GET / HTTP/1.1"), 200, 1],
];

describe("malformed requests", () => {
  let backend: RawBackend;
  let front: TestFront;
  let seen: string[] = [];

  before(async () => {
    backend = await RawBackend.open(answering((head) => {
      seen.push(head);
      return echo(head);
    }));
    front = await TestFront.open({ endpoints: [backend.endpoint] });
  });

  after(async () => {
    await front.close();
    backend.close();
  });

  for (const [name, bytes, status, atBackend] of REFUSED) {
    it(`${name}: the client gets ${status} and an end, the backend nothing`, async () => {
      seen = [];
      const text = await front.exchange(bytes);
      assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(text, /\r\nConnection: close\r\n/);
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, "one response");
      assert.equal(seen.length, atBackend);
    });
  }

  for (const [name, bytes, status, atBackend] of TAKEN) {
    it(`${name} is no fault`, async () => {
      seen = [];
      const text = await front.exchange(bytes);
      assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.equal(seen.length, atBackend);
    });
  }
});
