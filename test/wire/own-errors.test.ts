import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { block, END_HEADERS, END_STREAM, frame, H2Client, request, Type } from "../support/h2-client.ts";
import { Opened } from "../support/opened.ts";
import { answering, echo, openPair, TestFront, type TestFrontOptions } from "../support/wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/** Longer than what is kept in memory. */
const POST = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n${"x".repeat(50_000)}`;
const opened = new Opened();

async function setUp(options: TestFrontOptions): Promise<TestFront> {
  return (await openPair(opened, answering(echo), options)).front;
}

function fault(): never {
  throw new Error("a fault of our own");
}

const FAULTS: readonly (readonly [name: string, options: TestFrontOptions, bytes?: string])[] = [
  ["the handler", { request: fault }],
  ["the response hook", { responseHead: fault }],
  ["the response hook's promise", { responseHead: () => Promise.reject(new Error("a fault of our own")) }],
  ["the choice of an endpoint", { request: (exchange, plan) => exchange.forward({ ...plan, pick: fault }) }],
  ["what follows a write to a temporary file", {
    request: (exchange, plan) => exchange.forward({ ...plan, pick: fault }),
  }, POST],
  ["the account of an attempt", { request: (exchange, plan) => exchange.forward({ ...plan, observe: fault }) }],
  ["the fields of generic middleware", {
    request: (exchange) => exchange.respond({ headers: { [Symbol.iterator]: fault } } as unknown as Response),
  }],
  ["a field that cannot be sent", { responseHead: (exchange) => exchange.response!.set("X-A", "a\nb") }],
  ["a target that cannot be sent", { request: (exchange, plan) => exchange.forward({ ...plan, target: "/a b" }) }],
  ["a body that cannot be read", {
    request: (exchange) => exchange.respond(new Response(new ReadableStream({ pull: fault }))),
  }],
];

/** The head of the response has gone out by then. */
const LATE: ReadonlySet<string> = new Set(["a body that cannot be read", "the account of an attempt"]);

describe("an error of our own", () => {
  for (const [name, options, bytes = GET] of FAULTS) {
    it(`in ${name} costs its exchange only, is counted, logged once, and told to nobody else`, async () => {
      const front = await setUp(options);
      for (let i = 0; i < 2; i++) {
        const text = await front.exchange(bytes);
        if (LATE.has(name)) assert.doesNotMatch(text, /0\r\n\r\n$/);
        else assert.match(text, /^HTTP\/1\.1 500 Internal Server Error\r\n/);
        assert.doesNotMatch(text, /fault/);
      }
      assert.equal(front.front.internalErrors, 2);
      assert.equal(front.logged.length, 1);
      assert.equal(front.ended.length, 2);
      assert.equal(front.front.counters.inFlight, 0);
    });
  }
});

describe("an error of our own over HTTP/2", () => {
  it("costs its stream, and not the connection", async () => {
    const front = await setUp({
      request: (exchange, plan) => exchange.forward(exchange.path === "/bad" ? { ...plan, pick: fault } : plan),
    });
    const client = await H2Client.open(front.port);
    opened.keep(client);
    const fields = [[":method", "POST"], [":scheme", "http"], [":path", "/bad"], [":authority", "a"]] as const;
    client.send(frame(Type.headers, END_HEADERS, 1, block(fields)));
    client.send(frame(Type.data, END_STREAM, 1, "body"));
    assert.equal((await client.head(1))[":status"], "500");
    client.send(frame(Type.headers, END_HEADERS | END_STREAM, 3, request("/good")));
    assert.equal((await client.head(3))[":status"], "200");
    assert.equal(front.front.internalErrors, 1);
  });
});

describe("a request whose body cannot be kept", () => {
  it("is answered with 500; that is told once, and it is none of our errors", async () => {
    const front = await setUp({});
    const { TMPDIR } = process.env;
    process.env["TMPDIR"] = "/nowhere/at/all";
    try {
      for (let i = 0; i < 3; i++) assert.match(await front.exchange(POST), /^HTTP\/1\.1 500 /);
    } finally {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
    }
    assert.deepEqual([front.logged.length, front.front.internalErrors], [1, 0]);
    const client = await front.client();
    client.send(POST);
    await client.has("200 OK");
    client.socket.destroy();
  });
});

describe("a response of generic middleware", () => {
  it("is streamed, with its length or in chunks, and without a body for HEAD", async () => {
    const front = await setUp({
      request: (exchange) => {
        if (exchange.path === "/text") return exchange.respond(new Response("hello", { headers: { "X-A": "b" } }));
        if (exchange.path === "/empty") return exchange.respond(new Response(null, { status: 204 }));
        const parts = ["one", "two", "three"];
        exchange.respond(
          new Response(
            new ReadableStream({
              pull: (controller) => {
                const part = parts.shift();
                if (part === undefined) controller.close();
                else controller.enqueue(new TextEncoder().encode(part));
              },
            }),
          ),
        );
      },
    });
    const client = await front.client();
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("0\r\n\r\n");
    assert.match(client.text, /Transfer-Encoding: chunked[^]*3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n$/);
    client.text = "";
    client.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("hello");
    assert.match(client.text, /x-a: b\r\n/i);
    await front.end(1);
    client.text = "";
    client.send("GET /empty HTTP/1.1\r\nHost: a\r\n\r\nHEAD /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const text = await client.end();
    assert.match(text, /^HTTP\/1\.1 204 No Content\r\n/);
    assert.doesNotMatch(text, /hello/);
    client.socket.destroy();
  });

  it("is cancelled when the client goes away", async () => {
    let cancelled = (): void => {};
    const done = new Promise<void>((resolve) => cancelled = resolve);
    const front = await setUp({
      request: (exchange) =>
        exchange.respond(
          new Response(
            new ReadableStream({
              pull: (controller) => controller.enqueue(new Uint8Array(65536)),
              cancel: () => cancelled(),
            }),
          ),
        ),
    });
    const client = await front.client();
    client.send(GET);
    await client.has("\r\n\r\n");
    client.socket.destroy();
    await done;
    await front.end(0);
  });
});

describe("an answer that says abort", () => {
  it("ends the connection without a byte (444)", async () => {
    const front = await setUp({ request: (exchange) => exchange.answer({ status: 444, close: "abort" }) });
    assert.equal(await front.exchange(GET), "");
    assert.equal((await front.end(0)).status, 444);
  });
});
