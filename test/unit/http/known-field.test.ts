import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  compileFieldMask,
  KNOWN_FIELDS,
  knownFieldAt,
  knownFieldId,
  knownFieldName,
} from "../../../src/http/known-field.ts";

describe("known fields", () => {
  it("are found in text in any letter case, and nothing else is", () => {
    for (let id = 1; id < KNOWN_FIELDS; id++) {
      const name = knownFieldName(id);
      assert.equal(knownFieldId(name), id);
      for (const spelled of [name, name.toUpperCase(), name.replace(/(?:^|-)[a-z]/g, (m) => m.toUpperCase())]) {
        assert.equal(knownFieldAt(`x${spelled}:`, 1, 1 + spelled.length), id, spelled);
      }
      assert.equal(knownFieldAt(`${name}x`, 0, name.length + 1), 0, `${name}x`);
      const other = `${name.slice(0, 1)}~${name.slice(2)}`;
      assert.equal(knownFieldAt(other, 0, other.length), 0, other);
    }
    assert.equal(knownFieldAt("a", 0, 1), 0);
    assert.equal(knownFieldAt("", 0, 0), 0);
    assert.equal(knownFieldId("x-unknown"), 0);
    assert.equal(knownFieldName(0), "");
  });

  it("are told apart from others in a mask", () => {
    const mask = compileFieldMask(["host", "x-mine"], ["te"]);
    assert.equal(mask.known[knownFieldId("host")], 1);
    assert.equal(mask.known[knownFieldId("te")], 1);
    assert.equal(mask.known[knownFieldId("cookie")], 0);
    assert.deepEqual([...mask.others!], ["x-mine"]);
    assert.equal(compileFieldMask(["host"]).others, null);
  });
});
