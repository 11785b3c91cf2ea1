import assert from "node:assert/strict";
import { test } from "node:test";
import { compileFieldMask, RequestHead, WIRE_FIELDS } from "../../../src/http/mod.ts";
import { wireSettings } from "../../support/wire.ts";

test("format() leaves out what was set under a name of the wire, whatever its spelling", () => {
  const head = new RequestHead();
  head.parse("GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n", wireSettings());
  for (const name of WIRE_FIELDS) {
    head.set(name, "5");
    head.append(name.toUpperCase(), "6");
  }
  head.set("X-B", "c");
  assert.equal(head.format(compileFieldMask()), "Host: a\r\nX-A: b\r\nX-B: c\r\n");
});
