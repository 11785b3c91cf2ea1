import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCookie } from "../../../src/http/mod.ts";
import { MemoryFields } from "../../support/exchange.ts";

describe("readCookie()", () => {
  for (
    const [lines, wanted] of [
      [[], undefined],
      [[""], undefined],
      [["a=1"], "1"],
      [["a="], ""],
      [["b=2; a=1; c=3"], "1"],
      [["b=2;a=1"], "1"],
      [["b=2;\t a=1 ; c"], "1"],
      [["aa=2; ba=3; b=a=4; A=5"], undefined],
      [["xa=0; a=1"], "1"],
      [["a; a =2; a=1"], "1"],
      [["a=x=y|z"], "x=y|z"],
      [["a=1; a=2"], "1"],
      [["b=1", "a=2"], "2"],
      [['a="q"'], '"q"'],
    ] as const
  ) {
    it(`finds ${wanted} in ${JSON.stringify(lines)}`, () => {
      assert.equal(readCookie(MemoryFields.of({ Cookie: lines }), "a"), wanted);
    });
  }

  it("takes the one that is preferred, wherever it stands, else the first", () => {
    const fields = MemoryFields.of({ Cookie: ["a=1; a=2", "a=3"] });
    assert.equal(readCookie(fields, "a", (value) => value === "3"), "3");
    assert.equal(readCookie(fields, "a", (value) => value === "4"), "1");
  });
});
