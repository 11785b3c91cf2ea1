import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findMissing } from "../../../scripts/exported-types.ts";

const MODULES: Readonly<Record<string, string>> = {
  "mod.ts": `export { type A, make } from "./src/a.ts";\nexport * from "./src/c.ts";\n`,
  "src/a.ts": `import type { Context } from "hono";
import { type B } from "./b.ts";
import type { C as Renamed } from "./c.ts";
interface Hidden {
  readonly x: number;
}
export interface A {
  readonly b: B;
  /** Not one: {@link Unknown} */
  readonly c: Renamed | "Text" | Context;
}
export declare function make(): Hidden;
`,
  "src/b.ts": `declare const table: {};\nexport type B = typeof table;\n`,
  "src/c.ts": `export interface C {\n}\n`,
};

describe("findMissing()", () => {
  it("names what exported declarations use, directly or not, and nobody can name", () => {
    const missing = findMissing("mod.ts", (path) => MODULES[path] ?? "");
    assert.deepEqual(missing.map(({ module, name, usedBy }) => `${usedBy}: ${module} ${name}`), [
      "A: src/b.ts B",
      "make: src/a.ts Hidden",
      "B: src/b.ts table",
    ]);
  });
});
