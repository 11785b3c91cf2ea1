import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, it } from "node:test";
import { ObjectCopies } from "../../../../src/kube/manifest/object-copies.ts";
import { MANIFEST_LIMITS } from "../../../../src/kube/manifest/limits.ts";
import { Scanner } from "../../../../src/kube/manifest/scanner.ts";
import { FolderNode, inodeOf } from "../../../../src/kube/manifest/tree.ts";
import { ingressText, TempFolder } from "../../../support/manifest-folder.ts";

describe("Scanner.scanFolder()", () => {
  it("lets what cannot wait come between, again and again", async (t) => {
    const folder = new TempFolder(t);
    const names = Array.from({ length: 200 }, (_, i) => `n${i}`);
    for (const name of names) folder.write(`${name}.yaml`, ingressText(name, `${name}.example`));
    const root = new FolderNode(folder.path, "", inodeOf(statSync(folder.path)), undefined);
    let calls = 0;
    const scanner: Scanner = new Scanner({
      limits: MANIFEST_LIMITS,
      copies: new ObjectCopies(),
      again: () => {},
      between: async () => {
        if (++calls !== 1) return;
        // Somebody writes to the last file while the first ones are being looked at.
        folder.replace("n99.yaml", ingressText("other", "other.example"));
        await scanner.scanNames(root, ["n99.yaml"]);
        assert.ok([...scanner.touched].some((key) => key.endsWith("/other")));
      },
    });
    await scanner.scanFolder(root);
    assert.ok(calls >= 3, `only ${calls} times`);
    assert.equal(scanner.files.size, 200);
    assert.equal(scanner.touched.size, 200);
  });
});
