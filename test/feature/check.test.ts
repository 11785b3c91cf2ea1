import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ingressManifest, runToEnd, serviceManifest } from "../support/sallyport.ts";

let folder: string;
before(() => folder = mkdtempSync(join(tmpdir(), "sallyport-check-")));
after(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string): string {
  const path = mkdtempSync(join(folder, "case-"));
  writeFileSync(join(path, name), text);
  return path;
}

describe("sallyport check", () => {
  it("ends with status 0 when all is well", async () => {
    const dir = put("a.yaml", serviceManifest("echo", "127.0.0.1", 80) + ingressManifest("a", "a.example", "echo"));
    const { code, stdout } = await runToEnd(["check", dir]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^1 file, 3 objects, 1 host: 0 errors, 0 warnings, \d+ notes?\n$/m);
  });

  it("prints file, line, object, annotation, message and effect of each finding, and ends with status 1", async () => {
    const annotations = "annotations: {nginx.ingress.kubernetes.io/no-such-thing: x}, ";
    const manifest = ingressManifest("a", "a.example", "nowhere").replace("{name: a}", `{${annotations}name: a}`);
    const dir = put("a.yaml", `# a comment\n${manifest}`);
    const { code, stdout } = await runToEnd(["check", dir]);
    assert.match(
      stdout,
      /a\.yaml:4:\d+: .*Ingress\/default\/a: nginx\.ingress\.kubernetes\.io\/no-such-thing: .*; .* \[\w+\]\n/,
    );
    assert.match(stdout, /a\.yaml:9:\d+: error: Ingress\/default\/a: .*nowhere.*503/);
    assert.equal(code, 1);
  });

  it("reports a broken file with its line", async () => {
    const dir = put("bad.yaml", "kind: Ingress\nmetadata: {name: a\nspec: ][");
    const { code, stdout } = await runToEnd(["check", dir]);
    assert.match(stdout, /bad\.yaml:\d+:\d+: error: /);
    assert.equal(code, 1);
  });

  it("prints JSON", async () => {
    const dir = put("a.yaml", ingressManifest("a", "a.example", "nowhere"));
    const { code, stdout } = await runToEnd(["check", "-o", "json", dir]);
    const { summary, diagnostics } = JSON.parse(stdout);
    assert.equal(summary.errors, 1);
    assert.equal(summary.files, 1);
    assert.equal(diagnostics[0].object.name, "a");
    assert.equal(diagnostics[0].source.line, 8);
    assert.equal(code, 1);
  });

  it("refuses a folder that is missing, and no folder at all", async () => {
    const missing = await runToEnd(["check", join(folder, "no-such")]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /no-such": no such folder/);
    assert.equal((await runToEnd(["check"])).code, 2);
    assert.equal((await runToEnd(["check", "--http-port=1", "x"])).code, 2);
  });
});
