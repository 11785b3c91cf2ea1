import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { filterOf, parseReached } from "../../../scripts/reached.ts";

const LIST = `# a comment

seed
tls
!tls/passthrough      comes later
annotations/app-root
protocols/bodies/one
!seed/http2  needs HTTP/2
`;

function chosen(names: readonly string[], only: readonly string[] = []): string[] {
  const filter = filterOf(parseReached(LIST), only);
  const expression = new RegExp(filter.slice(1, filter.lastIndexOf("/")));
  return names.filter((name) => expression.test(`${name}\ntitle of seed/x\ncovers`));
}

describe("parseReached()", () => {
  test("tells what is wanted from what is left out", () => {
    assert.deepEqual(parseReached(LIST), {
      wanted: ["seed", "tls", "annotations/app-root", "protocols/bodies/one"],
      excluded: ["tls/passthrough", "seed/http2"],
    });
  });

  test("refuses to leave something out without a reason", () => {
    assert.throws(() => parseReached("seed\n!seed/http2"), {
      name: "SyntaxError",
      message: `cannot read line 2 of the list: "!seed/http2" has no reason`,
    });
  });
});

describe("filterOf()", () => {
  test("chooses areas, groups and cases, whole names only", () => {
    assert.deepEqual(
      chosen(["seed/a", "seeds/a", "tls/b/c", "annotations/app-root/x", "annotations/app-root-two/x", "other/seed/a"]),
      ["seed/a", "tls/b/c", "annotations/app-root/x"],
    );
    assert.deepEqual(chosen(["protocols/bodies/one", "protocols/bodies/one-more"]), ["protocols/bodies/one"]);
  });

  test("leaves out what is excluded", () => {
    assert.deepEqual(chosen(["seed/http2", "seed/http2-more", "tls/passthrough/x"]), ["seed/http2-more"]);
  });

  test("restricts to names of the command line", () => {
    assert.deepEqual(chosen(["seed/a", "tls/a/b", "other/a"], ["tls", "other"]), ["tls/a/b"]);
  });
});
