import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkImports } from "../../../scripts/import-rules.ts";

function messages(file: string, text: string): string[] {
  return checkImports([[file, text]]).map((violation) => `${violation.line}: ${violation.message}`);
}

describe("checkImports()", () => {
  const good: readonly (readonly [name: string, file: string, text: string])[] = [
    ["an arrow of the table", "src/http/a.ts", `import { parseCidr } from "../net/mod.ts";`],
    ["a file of the same room", "src/http/a.ts", `import { b } from "./b.ts";\nexport * from "./h1/c.ts";`],
    ["a type where only types are allowed", "src/snapshot/a.ts", `import type { P } from "../policy/contract.ts";`],
    ["a contract that lies beside the rooms", "src/kube/a.ts", `import type { D } from "../diagnostic.ts";`],
    ["the door of a room within a room", "src/proxy/a.ts", `import { H2 } from "../http/h2/mod.ts";`],
    ["a side door", "src/compiler/a.ts", `import type { Snapshot } from "../snapshot/snapshot.ts";`],
    ["anything in cli", "src/cli/a.ts", `import { x } from "../proxy/mod.ts";\nimport * as v from "valibot";`],
    ["a Node module", "src/proxy/a.ts", `import { connect } from "node:net";`],
    ["a package of the room", "src/policy/a.ts", `import { cors } from "hono/cors";`],
    ["a private file of its own folder", "src/http/a.ts", `import { b } from "./_b.ts";`],
    [
      "an import in a comment",
      "src/unit/a.ts",
      `// import { x } from "../proxy/mod.ts";\n/*\nimport "../cli/a.ts";\n*/`,
    ],
    ["a runtime's name in a text", "src/unit/a.ts", "const a = 'Bun.serve'; // Deno.serve\nconst b = `Bun.gc()`;"],
    ["a property called Bun", "src/unit/a.ts", "const a = b.Bun.c;"],
    ["a runtime's global in runtime", "src/runtime/bun.ts", "export const v = Bun.version;"],
    ["what a test imports", "test/unit/a.test.ts", `import { x } from "../../src/proxy/mod.ts";`],
    ["an arrow between rooms of proxy", "src/proxy/forward/a.ts", `import type { E } from "../exchange/mod.ts";`],
    ["whoever puts the rooms of proxy together", "src/proxy/wire.ts", `import { F } from "./forward/mod.ts";`],
  ];
  for (const [name, file, text] of good) {
    test(`allows ${name}`, () => assert.deepEqual(messages(file, text), []));
  }

  const bad: readonly (readonly [name: string, file: string, text: string, wanted: string])[] = [
    [
      "an arrow against the table",
      "src/http/a.ts",
      `\nimport { DataPlane } from "../proxy/mod.ts";`,
      "2: http may not import proxy",
    ],
    [
      "a type against the table",
      "src/proxy/a.ts",
      `import type { Ingress } from "../kube/objects.ts";`,
      "1: proxy may not import kube",
    ],
    [
      "a value where only types are allowed",
      "src/snapshot/a.ts",
      `import { p } from "../policy/contract.ts";`,
      "1: snapshot may import only types of policy",
    ],
    [
      "an import over several lines",
      "src/unit/a.ts",
      `import {\n  a,\n  type B,\n} from "../../src/net/cidr.ts";`,
      "4: unit may not import net",
    ],
    ["an import for its effect", "src/unit/a.ts", `import "../cli/main.ts";`, "1: unit may not import cli"],
    [
      "an import while running",
      "src/unit/a.ts",
      `const a = await import("../cli/main.ts");`,
      "1: unit may not import cli",
    ],
    ["an export from elsewhere", "src/unit/a.ts", `export { a } from "../cli/main.ts";`, "1: unit may not import cli"],
    [
      "a package of another room",
      "src/http/a.ts",
      `import { Hono } from "hono";`,
      `1: http may not import the package "hono"`,
    ],
    [
      "a scoped package",
      "src/http/a.ts",
      `import k from "@kubernetes/client-node/x";`,
      `1: http may not import the package "@kubernetes/client-node"`,
    ],
    ["a module of Bun", "src/proxy/a.ts", `import { gc } from "bun";`, `1: "bun" belongs into src/runtime`],
    ["a global of Bun", "src/proxy/a.ts", `\n\nBun.gc(true);`, "3: the global Bun belongs into src/runtime"],
    ["a global of Deno", "src/proxy/a.ts", `if (x) Deno.exit(1);`, "1: the global Deno belongs into src/runtime"],
    [
      "a way out of src",
      "src/unit/a.ts",
      `import { x } from "../../scripts/elf.ts";`,
      `1: "../../scripts/elf.ts" lies outside src`,
    ],
    [
      "a private file of another folder",
      "src/http/a.ts",
      `import { b } from "./h1/_b.ts";`,
      `1: "src/http/h1/_b.ts" is private to its folder`,
    ],
    [
      "a room that is not in the table",
      "src/attic/a.ts",
      `import { b } from "../unit/mod.ts";`,
      `1: the room "attic" is not in the table of scripts/import-rules.ts`,
    ],
    [
      "an arrow between rooms of proxy that must not know each other",
      "src/proxy/forward/a.ts",
      `import type { C } from "../listener/core.ts";`,
      "1: proxy/forward may not import proxy/listener",
    ],
    [
      "a room of proxy that nobody has declared",
      "src/proxy/new/a.ts",
      `import { E } from "../exchange/e.ts";`,
      '1: "proxy/new" is not in the table of scripts/import-rules.ts',
    ],
    [
      "what compiles hosts and knows Ingresses",
      "src/compiler/route/a.ts",
      `import type { I } from "../ingress/contribution.ts";`,
      "1: compiler/route may not import compiler/ingress",
    ],
    [
      "a way in that is no door",
      "src/observe/a.ts",
      `import { parseCidr } from "../net/cidr.ts";`,
      '1: "src/net/cidr.ts" is no door of net',
    ],
    [
      "a way into a room of proxy that is no door",
      "src/proxy/wire.ts",
      `import { E } from "./exchange/e.ts";`,
      '1: "src/proxy/exchange/e.ts" is no door of proxy/exchange',
    ],
    [
      "an arrow between rooms of nginx that must not know each other",
      "src/nginx/directive/a.ts",
      `import { I } from "../interpreter/mod.ts";`,
      "1: nginx/directive may not import nginx/interpreter",
    ],
    [
      "a file of proxy that imports itself",
      "src/proxy/tls/a.ts",
      `import type { A } from "./a.ts";`,
      '1: files import each other in a circle: "src/proxy/tls/a.ts" imports "src/proxy/tls/a.ts"',
    ],
  ];
  for (const [name, file, text, wanted] of bad) {
    test(`catches ${name}`, () => assert.deepEqual(messages(file, text), [wanted]));
  }

  test("refuses a circle of files, of types alone too, unless it has a reason", () => {
    const files = [
      ["src/proxy/tls/a.ts", `import type { B } from "./b.ts";`],
      ["src/proxy/tls/b.ts", `\nexport { C } from "./c.ts";`],
      ["src/proxy/tls/c.ts", `import type { A } from "./a.ts";`],
      ["src/proxy/tls/d.ts", `import { A } from "./a.ts";\nimport { C } from "./c.ts";`],
      ["src/snapshot/snapshot.ts", `import type { P } from "../policy/mod.ts";`],
      ["src/policy/mod.ts", `import type { S } from "../snapshot/snapshot.ts";`],
    ] as const;
    assert.deepEqual(checkImports(files), [{
      file: "src/proxy/tls/c.ts",
      line: 1,
      message: 'files import each other in a circle: "src/proxy/tls/a.ts" imports "src/proxy/tls/b.ts" imports ' +
        '"src/proxy/tls/c.ts" imports "src/proxy/tls/a.ts"',
    }]);
  });
});
