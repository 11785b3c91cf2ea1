import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  checkFieldValue,
  errorPage,
  FieldList,
  fieldValueBytes,
  formatDateLine,
  formatHttpDate,
  hasResponseBody,
  isRetriedMethod,
  isToken,
  latin1Text,
  listHasToken,
  parseTokenList,
  reasonPhrase,
  statusLine,
  utf8AsLatin1,
} from "../../../src/http/mod.ts";

describe("formatHttpDate()", () => {
  it("writes IMF-fixdate, also when time goes back", () => {
    assert.equal(formatHttpDate(784111777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert.equal(formatHttpDate(784111777_999), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert.equal(formatHttpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert.equal(formatDateLine(784111778_000), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  });
});

describe("statuses", () => {
  it("have the phrases of nginx", () => {
    assert.equal(statusLine(302), "HTTP/1.1 302 Moved Temporarily\r\n");
    assert.equal(statusLine(413), "HTTP/1.1 413 Request Entity Too Large\r\n");
    assert.equal(statusLine(799), "HTTP/1.1 799 \r\n");
    assert.equal(reasonPhrase(503), "Service Temporarily Unavailable");
  });

  it("have a page where nginx has one", () => {
    const statuses = Array.from({ length: 300 }, (_, i) => 300 + i);
    // measured beside nginx 1.22 with `return code;`
    assert.deepEqual(statuses.filter((status) => errorPage(status) !== ""), [
      ...[301, 302, 303, 307, 308],
      ...[400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 421, 429],
      ...[500, 501, 502, 503, 504, 505, 507],
    ]);
    assert.match(errorPage(401), /<title>401 Authorization Required<\/title>/);
  });

  it("know which responses have a body", () => {
    assert.deepEqual([101, 199, 200, 204, 205, 304, 404].map(hasResponseBody), [
      false,
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
  });
});

describe("errorPage()", () => {
  it("is nginx's page without a version", () => {
    assert.equal(
      errorPage(404),
      "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n" +
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
    );
    assert.match(errorPage(302), /<title>302 Found<\/title>/);
    assert.equal(errorPage(799), "");
  });
});

describe("tokens", () => {
  it("are told from other text", () => {
    assert.ok(isToken("M-SEARCH"));
    assert.ok(!isToken(""));
    assert.ok(!isToken("a b"));
    assert.ok(!isToken("a:"));
  });

  it("of a list are found in any letter case, and only whole", () => {
    assert.deepEqual(parseTokenList(" a, B ,,c"), ["a", "b", "c"]);
    assert.ok(listHasToken("keep-alive, Upgrade", "upgrade"));
    assert.ok(!listHasToken("upgraded", "upgrade"));
    assert.ok(!listHasToken("", "close"));
  });

  it("of methods say what may be sent twice", () => {
    assert.deepEqual(["GET", "PUT", "DELETE", "POST", "PATCH", "LOCK"].map(isRetriedMethod), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("latin1Text() and utf8AsLatin1()", () => {
  it("give one char a byte", () => {
    const bytes = new Uint8Array([0x61, 0xff, 0x00, 0x62]);
    assert.equal(latin1Text(bytes, 1, 4), "\xff\0b");
    assert.equal(latin1Text(Buffer.from(bytes), 0, 2), "a\xff");
    assert.equal(utf8AsLatin1("abc"), "abc");
    assert.equal(utf8AsLatin1("ä🍀"), "\xc3\xa4\xf0\x9f\x8d\x80");
  });
});

describe("FieldList", () => {
  it("keeps order and spelling, and finds names in lower case", () => {
    const fields = new FieldList([["X-A", "1"], ["Set-Cookie", "a"], ["x-a", "2"]]);
    assert.equal(fields.get("x-a"), "1");
    assert.deepEqual(fields.getAll("x-a"), ["1", "2"]);
    assert.ok(fields.has("set-cookie"));
    assert.ok(!fields.edited);
    fields.set("X-A", "3");
    assert.deepEqual([...fields], [["Set-Cookie", "a"], ["X-A", "3"]]);
    fields.append("x-a", "4");
    assert.deepEqual(fields.getAll("x-a"), ["3", "4"]);
    assert.ok(fields.delete("x-a"));
    assert.ok(!fields.delete("x-a"));
    assert.deepEqual([...fields], [["Set-Cookie", "a"]]);
    assert.ok(fields.edited);
    assert.ok(fields.isEdited("x-a"));
    assert.ok(!fields.isEdited("set-cookie"));
  });

  it("sends as UTF-8 what is beyond U+00FF, so that no half of a char becomes a line end", () => {
    const fields = new FieldList([["X-A", "a\u560d\u560ab"], ["X-B", "\xe4"]]);
    assert.equal(fields.get("x-a"), "a\xe5\x98\x8d\xe5\x98\x8ab");
    assert.equal(fields.get("x-b"), "\xe4");
    assert.equal(fieldValueBytes("\u{1f340}"), "\xf0\x9f\x8d\x80");
  });

  it("refuses names that are no tokens", () => {
    for (const name of ["", "a b", "a:", "a\r\n", "\xe4"]) {
      assert.throws(() => new FieldList().set(name, "x"), TypeError);
    }
  });

  it("refuses values that would break the message", () => {
    for (const value of ["a\r", "a\nb", "\0"]) {
      assert.throws(() => new FieldList().set("X-A", value), {
        name: "TypeError",
        message: 'set field "X-A": the value has a CR, LF or NUL',
      });
      assert.throws(() => checkFieldValue("X-A", value), TypeError);
    }
  });
});
