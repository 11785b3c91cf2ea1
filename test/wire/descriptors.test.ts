import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Opened } from "../support/opened.ts";
import { answering, echo, RawBackend, RawClient, TestFront, type TestFrontOptions } from "../support/wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const opened = new Opened();

async function open(options: TestFrontOptions): Promise<TestFront> {
  return opened.keep(await TestFront.open(options));
}

async function clients(front: TestFront, count: number): Promise<RawClient[]> {
  const all: RawClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await front.client();
    opened.keep({ close: () => client.socket.destroy() });
    all.push(client);
  }
  return all;
}

describe("descriptors that run short", () => {
  it("a new client takes the place of the one that has been idle for the longest", async () => {
    const backend = await RawBackend.open(answering(echo));
    opened.keep(backend);
    const front = await open({ endpoints: [backend.endpoint], maxDescriptors: 4 });
    const [first, second, ...rest] = await clients(front, 5);
    await first!.end();
    second!.send(GET);
    await second!.has("\r\n\r\nGET / HTTP/1.1");
    // the connection to the backend took one more place, and gives it back
    const another = (await clients(front, 1))[0]!;
    another.send(GET);
    await another.has("\r\n\r\nGET / HTTP/1.1");
    assert.equal(rest.filter((client) => client.ended).length <= 2, true);
  });

  it("busy connections are never cut for a new one, which is refused", async () => {
    const backend = await RawBackend.open(() => {});
    opened.keep(backend);
    const front = await open({ endpoints: [backend.endpoint], maxDescriptors: 4 });
    const busy = await clients(front, 2);
    for (const client of busy) client.send(GET);
    await backend.connection(1);
    const [late] = await clients(front, 1);
    await late!.end();
    assert.equal(front.logged.filter((line) => line.includes("too many files")).length, 1);
    (await backend.connection(0)).send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    await Promise.race(busy.map((client) => client.has("\r\n\r\nok")));
  });

  it("a request that would take one too many towards an endpoint is answered by 502", async () => {
    const backend = await RawBackend.open(() => {});
    opened.keep(backend);
    const front = await open({ endpoints: [backend.endpoint], maxDescriptors: 3 });
    const all = await clients(front, 3);
    all[0]!.send(GET);
    await backend.connection(0);
    all[1]!.send(GET);
    await all[1]!.has("HTTP/1.1 502 ");
  });
});

describe("a client that leaves before it has said anything", () => {
  it("leaves nothing behind when a PROXY header was awaited", async () => {
    const front = await open({ proxyProtocol: true });
    for (const text of ["", "PROXY TCP4 1.2"]) {
      const [client] = await clients(front, 1);
      client!.send(text);
      client!.socket.end();
      await client!.end();
    }
  });
});
