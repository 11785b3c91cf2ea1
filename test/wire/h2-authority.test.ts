import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { END_HEADERS, END_STREAM, frame, H2Client, request, Type } from "../support/h2-client.ts";
import { Opened } from "../support/opened.ts";
import { answering, echo, openPair } from "../support/wire.ts";

const opened = new Opened();
const ENDS = END_HEADERS | END_STREAM;

/** What the front makes of an authority: the Host that the endpoint got, a status, or a reset of the stream. */
async function outcome(authority: string): Promise<string> {
  const { front, backend } = await openPair(opened, answering(echo));
  const client = opened.keep(await H2Client.open(front.port));
  client.send(frame(Type.headers, ENDS, 1, request("/", { authority })));
  const answer = await Promise.race([
    client.frame(Type.reset, 1).then(() => "reset"),
    client.head(1).then((head) => head[":status"]!),
  ]);
  if (answer !== "200") {
    assert.equal(backend.connections.length, 0, "nothing reaches an endpoint");
    return answer;
  }
  return /^Host: (.*)\r$/m.exec((await client.body(1)).toString("latin1"))![1]!;
}

describe("the authority of an HTTP/2 request", () => {
  for (const authority of ["a.example", "A.Example:8443", "[::1]:80", "10.0.0.1", "a_b.example"]) {
    it(`may be "${authority}"`, async () => assert.equal(await outcome(authority), authority));
  }

  for (const authority of ["user@a.example", "a.example/x", "[::1", "a.example?x", "a\\b", "a..b", ""]) {
    it(`is answered 400 when it is "${authority}"`, async () => assert.equal(await outcome(authority), "400"));
  }

  for (const authority of ["a b", "a\tb", "a\0b", "a\xe9"]) {
    it(`resets the stream when it is ${JSON.stringify(authority)}`, async () => {
      assert.equal(await outcome(authority), "reset");
    });
  }
});
