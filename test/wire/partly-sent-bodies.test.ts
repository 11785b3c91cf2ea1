import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Opened } from "../support/opened.ts";
import { answering, echo, forwardSettings, RawBackend, type Serve, TestFront } from "../support/wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const opened = new Opened();

async function open(...serve: Serve[]): Promise<RawBackend[]> {
  return await Promise.all(serve.map(async (each) => opened.keep(await RawBackend.open(each))));
}

/** Retries all that may ever be retried. */
async function frontOf(backends: readonly RawBackend[]): Promise<TestFront> {
  const retry = { ...forwardSettings().retry, nonIdempotent: true, statuses: [503] };
  const settings = { requestBuffering: false, retry };
  return opened.keep(await TestFront.open({ endpoints: backends.map(({ endpoint }) => endpoint), settings }));
}

describe("a body that was partly sent and not kept", () => {
  const PUT = "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhello";

  it("is never sent again to another endpoint, whatever may be retried", async () => {
    const all = await open(
      async (connection) => {
        await connection.has("hello");
        connection.socket.destroy();
      },
      answering(echo),
    );
    const front = await frontOf(all);
    assert.match(await front.exchange(PUT), /^HTTP\/1\.1 502 /);
    assert.equal((await front.end(0)).attempts.length, 1);
    assert.equal(all[1]!.connections.length, 0);
  });

  it("is never sent again after an answer that may be retried", async () => {
    const all = await open(
      async (connection) => {
        await connection.has("hello");
        connection.send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
      },
      answering(echo),
    );
    const front = await frontOf(all);
    assert.match(await front.exchange(PUT), /^HTTP\/1\.1 503 /);
    assert.equal(all[1]!.connections.length, 0);
  });

  it("is never sent again on a new connection when that of the pool was closed", async () => {
    const [backend] = await open(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      await connection.has("hello");
      connection.socket.destroy();
    });
    const front = await frontOf([backend!]);
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 200 /);
    assert.match(await front.exchange(PUT), /^HTTP\/1\.1 502 /);
    assert.equal(backend!.connections.length, 1);
  });
});
