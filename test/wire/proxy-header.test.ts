import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { answering, echo, RawBackend, TestFront } from "../support/wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

describe("with use-proxy-protocol", () => {
  let backend: RawBackend;
  let front: TestFront;
  let seen: unknown[] = [];

  before(async () => {
    backend = await RawBackend.open(answering(echo));
    front = await TestFront.open({
      endpoints: [backend.endpoint],
      proxyProtocol: true,
      request: (exchange, plan) => {
        seen.push(exchange.connection.proxied);
        exchange.forward(plan);
      },
    });
  });

  after(async () => {
    await front.close();
    backend.close();
  });

  it("the addresses of the header are told, and what comes behind it is the request", async () => {
    seen = [];
    assert.match(await front.exchange(`PROXY TCP4 192.0.2.1 192.0.2.2 1234 443\r\n${GET}`), /^HTTP\/1\.1 200 /);
    assert.deepEqual(seen, [
      { sourceAddress: "192.0.2.1", sourcePort: 1234, destinationAddress: "192.0.2.2", destinationPort: 443 },
    ]);
  });

  it("the header may come in pieces", async () => {
    seen = [];
    const client = await front.client();
    for (const char of `PROXY TCP4 192.0.2.1 192.0.2.2 1234 443\r\n${GET}`) {
      client.send(char);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.match(await client.end(), /^HTTP\/1\.1 200 /);
    assert.equal(seen.length, 1);
    client.socket.destroy();
  });

  it("a header without addresses leaves those of the socket", async () => {
    seen = [];
    assert.match(await front.exchange(`PROXY UNKNOWN\r\n${GET}`), /^HTTP\/1\.1 200 /);
    assert.deepEqual(seen, [null]);
  });

  it("a connection without a header is closed", async () => {
    seen = [];
    assert.equal(await front.exchange(GET), "");
    assert.deepEqual(seen, []);
  });
});
