import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import * as zlib from "node:zlib";
import type { BodyCoding } from "../../../../src/http/mod.ts";
import { BodyEncoder } from "../../../../src/proxy/exchange/body-encoder.ts";

const codings: [BodyCoding, (bytes: Uint8Array) => Uint8Array][] = [
  [{ name: "gzip", level: 1 }, (bytes) => zlib.gunzipSync(bytes)],
  [{ name: "br", level: 4 }, (bytes) => zlib.brotliDecompressSync(bytes)],
];

for (const [coding, decode] of codings) {
  for (const length of [-1, 600_000]) {
    test(`BodyEncoder makes ${coding.name} of a body of ${length < 0 ? "unknown" : "known"} length, in pieces`, async () => {
      const body = Buffer.from(Array.from({ length: 100_000 }, (_, i) => `${i % 977},`).join("")).subarray(0, 600_000);
      const out: Uint8Array[] = [];
      let resume: (() => void) | undefined;
      await new Promise<void>((resolve, reject) => {
        const encoder = new BodyEncoder(coding, length, {
          data: (chunk) => out.push(chunk),
          end: resolve,
          drain: () => resume?.(),
          error: reject,
        });
        const send = async (): Promise<void> => {
          for (let at = 0; at < body.length; at += 10_007) {
            if (!encoder.write(body.subarray(at, at + 10_007))) await new Promise<void>((r) => resume = r);
          }
          encoder.end();
        };
        send().catch(reject);
      });
      const encoded = Buffer.concat(out);
      assert.ok(encoded.length < body.length / 2);
      assert.ok(Buffer.from(decode(encoded)).equals(body));
    });
  }

  test(`BodyEncoder lets each piece of ${coding.name} out before the next comes`, async () => {
    let encoder!: BodyEncoder;
    await new Promise<void>((resolve, reject) => {
      encoder = new BodyEncoder(coding, -1, { data: () => resolve(), end: () => {}, drain: () => {}, error: reject });
      encoder.write(Buffer.from("data: first event\n\n"));
    });
    encoder.destroy();
  });

  test(`BodyEncoder tells what its sink throws (${coding.name})`, async () => {
    const fault = new Error("a fault of the sink");
    let encoder!: BodyEncoder;
    const told = await new Promise<unknown>((resolve) => {
      const data = (): never => {
        throw fault;
      };
      encoder = new BodyEncoder(coding, -1, { data, end: () => {}, drain: () => {}, error: resolve });
      encoder.write(Buffer.from("text"));
    });
    assert.equal(told, fault);
    encoder.destroy();
  });
}
