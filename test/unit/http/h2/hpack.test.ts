import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { FieldKind, HpackDecoder, HpackError, type HpackField } from "../../../../src/http/h2/hpack-decoder.ts";
import { fieldBytes, writeField, writeStatus } from "../../../../src/http/h2/hpack-encoder.ts";
import { decodeHuffman, HuffmanError } from "../../../../src/http/h2/huffman.ts";

function decode(decoder: HpackDecoder, hex: string): string[] {
  const block = Buffer.from(hex.replaceAll(" ", ""), "hex");
  const lines: HpackField[] = [];
  decoder.decode(block, 0, block.length, lines);
  return lines.map((line) => `${line.name}: ${line.value}`);
}

// RFC 7541 appendix C.4 and C.6 (with Huffman, requests; responses with a table of 256 bytes that evicts).
const examples: [name: string, tableBytes: number, blocks: [hex: string, lines: string[]][]][] = [
  ["C.4", 4096, [
    ["828684418cf1e3c2e5f23a6ba0ab90f4ff", [
      ":method: GET",
      ":scheme: http",
      ":path: /",
      ":authority: www.example.com",
    ]],
    ["828684be5886a8eb10649cbf", [
      ":method: GET",
      ":scheme: http",
      ":path: /",
      ":authority: www.example.com",
      "cache-control: no-cache",
    ]],
    ["828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", [
      ":method: GET",
      ":scheme: https",
      ":path: /index.html",
      ":authority: www.example.com",
      "custom-key: custom-value",
    ]],
  ]],
  ["C.6", 256, [
    [
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      [
        ":status: 302",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
      ],
    ],
    ["4883640effc1c0bf", [
      ":status: 307",
      "cache-control: private",
      "date: Mon, 21 Oct 2013 20:13:21 GMT",
      "location: https://www.example.com",
    ]],
    [
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af2708" +
      "7f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
      [
        ":status: 200",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:22 GMT",
        "location: https://www.example.com",
        "content-encoding: gzip",
        "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
      ],
    ],
  ]],
];

for (const [name, tableBytes, blocks] of examples) {
  test(`HpackDecoder reads the blocks of RFC 7541 ${name} one after the other`, () => {
    const decoder = new HpackDecoder(tableBytes, 8192);
    for (const [hex, lines] of blocks) assert.deepEqual(decode(decoder, hex), lines);
  });
}

for (
  const [name, hex, error] of [
    ["index 0", "80", HpackError],
    ["an index that is not in the tables", "ff20", HpackError],
    ["an integer without an end", "ffffffffffff", HpackError],
    ["a string that is cut off", "400a6162", HpackError],
    ["a name without a value", "4001", HpackError],
    ["a table larger than was announced", "3fffff03", HpackError],
    ["a table size update behind a field", "8220", HpackError],
    ["three table size updates", "202020", HpackError],
    ["Huffman padding of zeros", "0081008100", HuffmanError],
    ["Huffman padding of a whole byte", "000161821fff", HuffmanError],
    ["a Huffman text that is EOS", "00016184ffffffff", HuffmanError],
    ["a Huffman text with EOS at its end", "000161851fffffffff", HuffmanError],
    ["a Huffman text with EOS in the middle", "000161861fffffffffe3", HuffmanError],
    ["EOS twice", "00016188ffffffffffffffff", HuffmanError],
    ["EOS and one bit of padding", "00016184fffffffd", HuffmanError],
    ["EOS at the end of a name", "00851fffffffff0161", HuffmanError],
    ["EOS in the middle of a name", "00861fffffffffe30161", HuffmanError],
    ["EOS in a value for the table", "400161851fffffffff", HuffmanError],
    ["EOS in a value of a name in the table", "04851fffffffff", HuffmanError],
    ["EOS in a value that is never indexed", "100161851fffffffff", HuffmanError],
  ] as [string, string, new () => Error][]
) {
  test(`HpackDecoder refuses ${name}`, () => {
    assert.throws(() => decode(new HpackDecoder(4096, 8192), hex), error);
  });
}

test("HpackDecoder leaves out what is over the limit, and its tables stay in step", () => {
  const decoder = new HpackDecoder(4096, 100);
  const lines: HpackField[] = [];
  // A literal of 40 bytes that enters the table, then 1,000 references to it.
  const block = Buffer.concat([
    Buffer.from("400178", "hex"),
    Buffer.from([40]),
    Buffer.alloc(40, "v"),
    Buffer.alloc(1000, 0xbe),
  ]);
  assert.equal(decoder.decode(block, 0, block.length, lines), false);
  assert.equal(lines.length, 1);
  assert.deepEqual(decode(decoder, "be"), [`x: ${"v".repeat(40)}`]);
});

for (
  const [name, value, kind] of [
    ["x-a", "b", FieldKind.ordinary],
    ["x-a", "", FieldKind.ordinary],
    ["X-A", "b", FieldKind.malformed],
    ["x a", "b", FieldKind.malformed],
    ["x-a", " b", FieldKind.malformed],
    ["x-a", "b\r\nc: d", FieldKind.malformed],
    ["connection", "close", FieldKind.malformed],
    ["transfer-encoding", "chunked", FieldKind.malformed],
    ["te", "trailers", FieldKind.te],
    ["te", "gzip", FieldKind.malformed],
    [":protocol", "websocket", FieldKind.malformed],
    ["__proto__", "x", FieldKind.ordinary],
    ["constructor", "x", FieldKind.ordinary],
  ] as [string, string, number][]
) {
  test(`HpackDecoder marks ${JSON.stringify(`${name}: ${value}`)}`, () => {
    const block = Buffer.alloc(100);
    block[1] = name.length;
    let at = 2 + block.write(name, 2, "latin1");
    block[at++] = value.length;
    at += block.write(value, at, "latin1");
    const lines: HpackField[] = [];
    new HpackDecoder(4096, 8192).decode(block, 0, at, lines);
    assert.equal(lines[0]!.kind, kind);
  });
}

test("what the encoder writes is what the decoder reads", () => {
  const fields = [["content-type", "text/html"], ["X-Own", "v".repeat(300)], ["x-own", ""], [
    "set-cookie",
    "a=b",
  ]] as const;
  for (const status of [200, 204, 403, 599]) {
    const block = Buffer.alloc(5 + fields.reduce((sum, [name, value]) => sum + fieldBytes(name, value), 0));
    let at = writeStatus(block, 0, status);
    for (const [name, value] of fields) at = writeField(block, at, name, value);
    const lines = decode(new HpackDecoder(4096, 8192), block.subarray(0, at).toString("hex"));
    assert.deepEqual(lines, [
      `:status: ${status}`,
      ...fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`),
    ]);
  }
});

test("decodeHuffman() refuses a text that is longer than its target", () => {
  const bytes = Buffer.from("f1e3c2e5f23a6ba0ab90f4ff", "hex");
  assert.throws(() => decodeHuffman(bytes, 0, bytes.length, new Uint8Array(5)), HuffmanError);
});

// RFC 7541 appendix B: codes of octets that no name and hardly any value has.
for (
  const [octet, bits] of [
    [0x00, "1111111111000"],
    [0x0a, "111111111111111111111111111100"],
    [0x80, "11111111111111100110"],
    [0xbd, "1111111111111111100101"],
    [0xbf, "11111111111111111110001"],
    [0xc0, "11111111111111111111100000"],
    [0xc2, "11111111111111101011"],
    [0xf9, "1111111111111111111111111110"],
    [0xfe, "111111111111111111111110000"],
    [0xff, "11111111111111111111101110"],
  ] as const
) {
  test(`decodeHuffman() reads the code of octet ${octet}`, () => {
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
    const bytes = Uint8Array.from(padded.match(/.{8}/g)!, (eight) => parseInt(eight, 2));
    const target = new Uint8Array(4);
    assert.equal(decodeHuffman(bytes, 0, bytes.length, target), 1);
    assert.equal(target[0], octet);
  });
}
