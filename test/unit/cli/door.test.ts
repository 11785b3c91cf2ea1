import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as door from "../../../mod.ts";

describe("mod.ts as a library", () => {
  it("has the public pieces, and starts nothing", () => {
    assert.deepEqual(Object.keys(door).sort(), [
      "Controller",
      "DataPlane",
      "ManifestSource",
      "MemorySource",
      "ObjectSources",
      "SEARCH_AGAIN",
      "Store",
      "compilationLog",
      "createCompiler",
      "createLogger",
      "formatObject",
      "formatSource",
      "readManifests",
      "redact",
    ]);
  });
});
