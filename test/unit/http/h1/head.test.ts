import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileFieldMask, RequestHead, type RequestLimits, ResponseHead } from "../../../../src/http/mod.ts";

const LIMITS: RequestLimits = { maxLineBytes: 8192, maxHeadBytes: 32768, maxFields: 128, dropUnderscores: true };

function request(lines: string, limits: Partial<RequestLimits> = {}): RequestHead {
  const head = new RequestHead();
  const text = `GET /a?b HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`;
  assert.equal(head.parse(text, { ...LIMITS, ...limits }), text.length);
  return head;
}

const NOTHING = compileFieldMask([]);

describe("a head's fields", () => {
  it("are found by lower-case name, known or not, without the white space around them", () => {
    const head = request("Accept: \t*/* \r\nX-Mine:1\r\nx-mine:  2\r\nUser-Agent:\r\n");
    assert.equal(head.get("accept"), "*/*");
    assert.equal(head.get("x-mine"), "1");
    assert.deepEqual(head.getAll("x-mine"), ["1", "2"]);
    assert.equal(head.get("user-agent"), "");
    assert.equal(head.get("cookie"), undefined);
    assert.equal(head.get("x-min"), undefined);
    assert.ok(!head.has("x-mind"));
    assert.deepEqual([...head], [
      ["Host", "a.example"],
      ["Accept", "*/*"],
      ["X-Mine", "1"],
      ["x-mine", "2"],
      ["User-Agent", ""],
    ]);
  });

  it("are written as they came, but for those that were dropped, set, or are masked", () => {
    const head = request("A:1\r\nCookie: c\r\nB:  2 \r\nX-Real-IP: 6.6.6.6\r\nC: 3\r\nX-Mine: m\r\n");
    assert.equal(
      head.format(compileFieldMask(["host", "x-real-ip", "x-mine"])),
      "A:1\r\nCookie: c\r\nB:  2 \r\nC: 3\r\n",
    );
    head.set("b", "two");
    head.append("X-Mine", "n");
    head.set("X-Real-IP", "1.1.1.1");
    assert.ok(head.delete("cookie"));
    assert.equal(
      head.format(compileFieldMask(["host", "x-real-ip", "x-mine"])),
      "A:1\r\nC: 3\r\nb: two\r\nX-Mine: n\r\nX-Real-IP: 1.1.1.1\r\n",
    );
    assert.deepEqual(head.getAll("x-mine"), ["m", "n"]);
    assert.equal(head.get("x-real-ip"), "1.1.1.1");
    assert.equal(head.get("cookie"), undefined);
  });

  it("remember what was edited, and forget it with the head", () => {
    const head = request("A: 1\r\n");
    assert.ok(!head.edited);
    head.drop("a");
    assert.ok(!head.edited);
    head.delete("x-gone");
    head.set("Cookie", "c");
    assert.ok(head.edited && head.isEdited("x-gone") && head.isEdited("cookie"));
    assert.ok(!head.isEdited("a") && !head.isEdited("host"));
    head.reset();
    assert.ok(!head.edited && !head.isEdited("x-gone") && !head.isEdited("cookie"));
    assert.equal(head.format(NOTHING), "");
  });

  it("may be many, and a second head has nothing of the first", () => {
    const head = new RequestHead();
    const many = Array.from({ length: 120 }, (_, i) => `X-${i}: ${i}\r\n`).join("");
    head.parse(`GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n`, LIMITS);
    assert.equal(head.get("x-119"), "119");
    assert.equal([...head].length, 121);
    head.delete("host");
    head.reset();
    head.parse("GET / HTTP/1.1\r\nHost: b\r\n\r\n", LIMITS);
    assert.deepEqual([...head], [["Host", "b"]]);
    assert.equal(head.get("x-119"), undefined);
  });

  it("refuse values that would break the message", () => {
    const head = request("");
    assert.throws(() => head.set("X-A", "a\r\nX-B: b"), TypeError);
    assert.throws(() => head.append("X-A", "a\0"), TypeError);
    assert.throws(() => head.set("X A", "a"), TypeError);
    assert.equal(head.format(compileFieldMask(["host"])), "");
    head.set("X-A", "\u560a");
    assert.equal(head.format(compileFieldMask(["host"])), "X-A: \xe5\x98\x8a\r\n");
  });

  it("with odd names are dropped or kept as the settings say", () => {
    const lines = "my_field: 1\r\nmy.field: 2\r\nfine: 3\r\n";
    assert.deepEqual([...request(lines)].map(([name]) => name), ["Host", "fine"]);
    assert.deepEqual(
      [...request(lines, { dropUnderscores: false })].map(([name]) => name),
      ["Host", "my_field", "fine"],
    );
    assert.deepEqual(
      [...request(lines, { keepInvalidNames: true })].map(([name]) => name),
      ["Host", "my_field", "my.field", "fine"],
    );
  });

  it("named by Connection are gone, but those that name or frame the message stay", () => {
    const head = request("Connection: X-Hop, host, Content-Length\r\nX-Hop: 1\r\nContent-Length: 3\r\n");
    assert.ok(!head.has("x-hop"));
    assert.equal(head.get("host"), "a.example");
    assert.equal(head.bodyBytes, 3);
    assert.ok(!head.edited);
  });
});

describe("RequestHead.parse()", () => {
  for (
    const [lines, expected] of [
      ["", { keepAlive: true, bodyBytes: 0, upgrade: false, expectsContinue: false }],
      ["Connection: close\r\n", { keepAlive: false }],
      ["Connection: Keep-Alive, Close\r\n", { keepAlive: false }],
      ["Connection: x\r\nConnection: close\r\n", { keepAlive: false }],
      ["Connection: upgrade\r\nUpgrade: websocket\r\n", { upgrade: true }],
      ["Connection: upgrade\r\n", { upgrade: false }],
      ["Upgrade: websocket\r\n", { upgrade: false }],
      ["Content-Length: 007\r\n", { bodyBytes: 7 }],
      ["Transfer-Encoding: Chunked\r\n", { bodyBytes: -1 }],
      ["Content-Length: 1\r\nExpect: 100-Continue\r\n", { expectsContinue: true }],
      ["Expect: 100-continue\r\n", { expectsContinue: false }],
    ] as const
  ) {
    it(`reads ${JSON.stringify(lines)} as ${JSON.stringify(expected)}`, () => {
      const head = request(lines);
      for (const [key, value] of Object.entries(expected)) assert.equal(head[key as keyof RequestHead], value, key);
    });
  }

  it("takes time in proportion to the length of rubbish", () => {
    const head = new RequestHead();
    const limits = { ...LIMITS, maxLineBytes: 1e7, maxHeadBytes: 1e7 };
    for (
      const rubbish of [
        "a:".repeat(1e6),
        "a:\r\n".repeat(5e5),
        `a: ${" ".repeat(1e6)}`,
        "\r\n".repeat(5e5),
        "a".repeat(1e6),
      ]
    ) {
      head.reset();
      head.parse(`GET / HTTP/1.1\r\n${rubbish}\x01\r\n\r\n`, limits);
    }
  });
});

describe("ResponseHead.parse()", () => {
  for (
    const [text, expected, lines] of [
      ["HTTP/1.1 200 OK\r\n\r\n", { status: 200, bodyBytes: -2, keepAlive: true, hasLength: false }, ""],
      ["HTTP/1.1 200 ok\nX-A: b\n\n", { status: 200, bodyBytes: -2 }, "X-A: b\r\n"],
      ["HTTP/1.1 200 ok\nX-A: b\n\r\n", { status: 200 }, "X-A: b\r\n"],
      ["HTTP/1.1 200\r\n\r\n", { status: 200 }, ""],
      ["HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", {
        minorVersion: 0,
        bodyBytes: 5,
        keepAlive: false,
        hasLength: true,
      }, "Content-Length: 5\r\n"],
      ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", { keepAlive: true }, "Connection: keep-alive\r\n"],
      ["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", { keepAlive: false }, "Connection: close\r\n"],
      ["HTTP/1.7 299 \xe4\r\n\r\n", { status: 299, minorVersion: 1 }, ""],
      [
        "HTTP/1.1 200 OK\r\nA : b\r\nno colon\r\n: empty\r\nb\xe4d: x\r\nC: d\r\n\r\n",
        { status: 200 },
        "A: b\r\nC: d\r\n",
      ],
      ["HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\td\r\n\r\n", { status: 200 }, "A: b c d\r\n"],
      ["HTTP/1.1 200 OK\nTransfer-Encoding : chunked\n\n", { bodyBytes: -1 }, "Transfer-Encoding: chunked\r\n"],
    ] as const
  ) {
    it(`reads ${JSON.stringify(text)}`, () => {
      const head = new ResponseHead();
      assert.equal(head.parse(`${text}body`, 4096), text.length);
      for (const [key, value] of Object.entries(expected)) assert.equal(head[key as keyof ResponseHead], value, key);
      assert.equal(head.format(NOTHING), lines);
    });
  }

  for (
    const [text, message] of [
      ["HTTP/1.1 099 x\r\n\r\n", "the status line is malformed"],
      ["HTTP/1.1 2000 x\r\n\r\n", "the status line is malformed"],
      ["HTTP/1.1 200 OK\r\nA: \x01\r\nContent-Length\x01: 3\r\n\r\n", "a framing field is malformed"],
      ["HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "Content-Length is repeated or no number"],
      [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "the framing is ambiguous",
      ],
      ["HTTP/1.1 200 OK\r\nA: \r b\r\n\r\n", "a field line has a CR or NUL"],
      [`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(300)}\r\n`, "there are too many fields"],
      ["220 mail.example ESMTP\r\n", "the response does not begin with HTTP/1"],
      ["<html>", "the response does not begin with HTTP/1"],
    ] as const
  ) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}: ${message}`, () => {
      const head = new ResponseHead();
      assert.equal(head.parse(text, 65536), -1);
      assert.equal(head.error!.message, message);
    });
  }

  it("writes the status line as it came, in our version", () => {
    const head = new ResponseHead();
    head.parse("HTTP/1.0 200 Fine\r\n\r\n", 4096);
    assert.equal(head.statusLine(), "HTTP/1.1 200 Fine\r\n");
    head.reset();
    head.parse("HTTP/1.1 404\n\n", 4096);
    assert.equal(head.statusLine(), "HTTP/1.1 404 Not Found\r\n");
  });
});

describe("RequestHead.parse() with lengths that differ by host, as nginx 1.22 has them (measured)", () => {
  const common = { maxLineBytes: 8192, maxHeadBytes: 32768 };
  const own: Readonly<Record<string, typeof common>> = {
    "large.example": { maxLineBytes: 32768, maxHeadBytes: 131072 },
    "small.example": { maxLineBytes: 2048, maxHeadBytes: 4096 },
  };
  const hosts = { of: (authority: string) => own[authority] ?? common, leastBytes: 2048, mostBytes: 131072 };
  const parse = (target: string, lines: readonly string[]): string => {
    const head = new RequestHead();
    const text = `GET ${target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
    const length = head.parse(text, { ...LIMITS, hosts });
    if (length < 0) return head.error!.kind;
    assert.equal(length, text.length);
    return "taken";
  };
  const line = (bytes: number): string => `X-A: ${"a".repeat(bytes)}`;
  const host = (name: string): string => `Host: ${name}.example`;
  const rows: readonly (readonly [what: string, target: string, lines: readonly string[], outcome: string])[] = [
    ["a line after Host of a large host", "/", [host("large"), line(20000)], "taken"],
    ["a line too long for a large host", "/", [host("large"), line(40000)], "fields-too-large"],
    ["a line before Host of a large host", "/", [line(10000), host("large")], "fields-too-large"],
    ["the request line of a large host", `/?${"a".repeat(10000)}`, [host("large")], "target-too-long"],
    ["lines that are long together", "/", [host("large"), ...Array.from({ length: 5 }, () => line(7000))], "taken"],
    ["the same of another host", "/", [host("o"), ...Array.from({ length: 5 }, () => line(7000))], "fields-too-large"],
    ["a line after Host of a small host", "/", [host("small"), line(1500)], "taken"],
    ["a line too long for a small host", "/", [host("small"), line(3000)], "fields-too-large"],
    ["a line before Host of a small host", "/", [line(3000), host("small")], "taken"],
    ["lines too long together", "/", [host("small"), line(1500), line(1500), line(1500)], "fields-too-large"],
    ["a line of another host", "/", [host("other"), line(3000)], "taken"],
    ["a long line of another host", "/", [host("other"), line(10000)], "fields-too-large"],
    ["the absolute form names the host", "http://large.example/", [line(20000), host("other")], "taken"],
    ["and Host does not", "http://other.example/", [host("large"), line(20000)], "fields-too-large"],
  ];
  for (const [what, target, lines, outcome] of rows) {
    it(`${what}: ${outcome}`, () => assert.equal(parse(target, lines), outcome));
  }

  it("asks for more as long as a host may take it", () => {
    const text = `GET / HTTP/1.1\r\n${host("large")}\r\n${line(20000)}`;
    assert.equal(new RequestHead().parse(text, { ...LIMITS, hosts }), 0);
    const other = `GET / HTTP/1.1\r\n${host("other")}\r\n${line(20000)}`;
    assert.equal(new RequestHead().parse(other, { ...LIMITS, hosts }), -1);
  });
});
