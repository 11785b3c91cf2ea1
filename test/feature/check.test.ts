import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ingressManifest, runOn, runToEnd, serviceManifest } from "../support/sallyport.ts";

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
    assert.equal((await runToEnd(["check", "--workers=1", "x"])).code, 2);
  });
});

const GOOD: string = serviceManifest("echo", "127.0.0.1", 80) + ingressManifest("a", "a.example", "echo");

describe("sallyport check ends with status 1", () => {
  const ingress = ingressManifest("b", "b.example", "echo");
  const CASES: readonly [what: string, manifests: string, reason: string, severity: string, ...flags: string[]][] = [
    ["for another class", ingress.replace("nginx", "other"), "IngressClassNotOurs", "warning"],
    ["for no class", ingress.replace("  ingressClassName: nginx\n", ""), "IngressClassNotOurs", "warning"],
    ["for a kind in small letters", ingress.replace("Ingress\n", "ingress\n"), "UnknownKind", "error"],
    ["for a misspelt kind", ingress.replace("Ingress\n", "Ingres\n"), "UnknownKind", "error"],
    ["for no ready endpoints", GOOD.replace("]}]", "], conditions: {ready: false}}]"), "NoReadyEndpoints", "warning"],
    ["for no endpoints at all", GOOD.replace(/kind: EndpointSlice/, "kind: Lease"), "NoReadyEndpoints", "warning"],
    [
      "for endpoints with other ports only",
      GOOD.replace("[{port: 80}]", "[{name: web, port: 80}]").replace("[{port: 80}]", "[{name: x, port: 80}]"),
      "EndpointPortNotFound",
      "warning",
    ],
    [
      "for a path that an older Ingress has",
      GOOD + serviceManifest("two", "127.0.0.1", 81) + ingressManifest("b", "a.example", "two"),
      "DuplicatePath",
      "warning",
    ],
    ["for a forbidden default backend", `${GOOD}${ingress}`, "CatchAllDisabled", "warning", "--disable-catch-all"],
    ["for nothing to serve", serviceManifest("echo", "127.0.0.1", 80), "NothingServed", "error"],
    ["for no object at all", "# nothing\n", "NothingServed", "error"],
    ["for namespaces without an Ingress", GOOD, "NothingServed", "error", "--watch-namespace=elsewhere"],
  ];
  for (const [what, manifests, reason, severity, ...flags] of CASES) {
    it(what, async () => {
      const text = reason === "CatchAllDisabled"
        ? manifests.replace(
          "name: b}\nspec:",
          "name: b}\nspec:\n  defaultBackend: {service: {name: echo, port: {number: 80}}}",
        )
        : manifests;
      const { code, stdout } = await runToEnd(["check", "-o", "json", ...flags, put("a.yaml", text)]);
      const { summary, diagnostics } = JSON.parse(stdout);
      const found = diagnostics.find((d: { reason: string }) => d.reason === reason);
      assert.equal(found?.severity, severity, stdout);
      assert.ok(summary.unserved > 0);
      assert.equal(code, 1);
    });
  }

  it("for a folder without files", async () => {
    const dir = mkdtempSync(join(folder, "case-"));
    const { code, stdout } = await runToEnd(["check", dir]);
    assert.match(
      stdout,
      /^error: find an Ingress to serve in ".*": there is none; every request answers 404 \[Nothing/,
    );
    assert.equal(code, 1);
  });

  it("for warnings with --fail-on warning only", async () => {
    const annotation = "annotations: {nginx.ingress.kubernetes.io/no-such-thing: x}";
    const dir = put("a.yaml", GOOD.replace("{name: a}", `{name: a, ${annotation}}`));
    const { code, stdout } = await runToEnd(["check", dir]);
    assert.match(stdout, /0 errors, 1 warning,/);
    assert.equal(code, 0);
    assert.equal((await runToEnd(["check", "--fail-on=warning", dir])).code, 1);
    assert.equal((await runToEnd(["check", "--fail-on", "warning", put("a.yaml", GOOD)])).code, 0);
    assert.equal((await runToEnd(["check", "--fail-on=never", dir])).code, 2);
  });
});

describe("sallyport check looks up", () => {
  const external = (name: string) =>
    `apiVersion: v1\nkind: Service\nmetadata: {name: echo}\nspec: {type: ExternalName, externalName: ${name}}\n---\n` +
    ingressManifest("a", "a.example", "echo");

  it("ExternalNames, and ends with status 1 for one without an address", async () => {
    const dir = put("a.yaml", external("no-such-name.invalid"));
    const { code, stdout } = await runToEnd(["check", dir]);
    assert.match(
      stdout,
      /a\.yaml:4:42: warning: Service\/default\/echo: spec\.externalName: look up externalName "no-such-name\.invalid" of Service "default\/echo": .*503.* \[ExternalNameUnresolved\]/,
    );
    assert.equal(code, 1);
  });

  it("nothing with --offline", async () => {
    const { code, stdout } = await runToEnd(["check", "--offline", put("a.yaml", external("no-such-name.invalid"))]);
    assert.match(stdout, /0 errors, 0 warnings/);
    assert.equal(code, 0);
  });
});

describe("sallyport check reads", () => {
  const BAD = GOOD.replace("name: echo, port: {number: 80}", "name: nowhere, port: {number: 80}");

  it("files of any name, beside folders", async () => {
    const one = join(put("one.txt", serviceManifest("echo", "127.0.0.1", 80)), "one.txt");
    const two = put("two.yaml", ingressManifest("a", "a.example", "echo"));
    const { code, stdout } = await runToEnd(["check", one, two]);
    assert.match(stdout, /^2 files, 3 objects, 1 host: 0 errors, 0 warnings/m);
    assert.equal(code, 0);
    const bad = join(put("bad", BAD), "bad");
    const found = await runToEnd(["check", bad]);
    assert.match(
      found.stdout,
      /^\S+bad:\d+:\d+: error: Ingress\/default\/a: spec\S+: find Service "default\/nowhere"/m,
    );
    assert.equal(found.code, 1);
  });

  it("a file once, whether it is named alone or in its folder", async () => {
    const dir = put("a.yaml", GOOD);
    const { code, stdout } = await runToEnd(["check", "--fail-on=warning", dir, join(dir, "a.yaml")]);
    assert.doesNotMatch(stdout, /DuplicateObject/);
    assert.equal(code, 0);
  });

  it("standard input, and finds the lines in it", async () => {
    const good = await runOn(GOOD, ["check", "-"]);
    assert.match(good.stdout, /^1 file, 3 objects, 1 host: 0 errors, 0 warnings/m);
    assert.equal(good.code, 0);
    const bad = await runOn(`# Source: chart\n${BAD}`, ["check", "-"]);
    assert.match(bad.stdout, /^<stdin>:\d+:\d+: error: Ingress\/default\/a: spec\S+: find Service "default\/nowhere"/m);
    assert.equal(bad.code, 1);
    assert.equal((await runOn("", ["check", "-"])).code, 1);
    const broken = await runOn("kind: [", ["check", "-"]);
    assert.match(broken.stdout, /^<stdin>:1:\d+: error: .*nothing of the file is in force/m);
    assert.equal((await runOn(GOOD, ["check", "-", "-"])).code, 2);
  });

  it("a List, in YAML and in JSON", async () => {
    const items = GOOD.split("---\n").filter((text) => text !== "").map((text) => text.replace(/^(?=.)/gm, "  "));
    const list = `apiVersion: v1\nkind: List\nitems:\n${items.map((text) => text.replace("  ", "- ")).join("")}`;
    const yaml = await runOn(list, ["check", "-"]);
    assert.match(yaml.stdout, /3 objects, 1 host: 0 errors/);
    assert.equal(yaml.code, 0);
    const backend = { service: { name: "nowhere", port: { number: 80 } } };
    const json = await runOn(
      JSON.stringify(
        {
          apiVersion: "v1",
          kind: "List",
          items: [{
            apiVersion: "networking.k8s.io/v1",
            kind: "Ingress",
            metadata: { name: "a" },
            spec: {
              ingressClassName: "nginx",
              rules: [{ host: "a.example", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
            },
          }],
        },
        null,
        "\t",
      ),
      ["check", "-"],
    );
    assert.match(json.stdout, /^<stdin>:\d+:\d+: error: Ingress\/default\/a: .*nowhere/m);
    assert.equal(json.code, 1);
  });

  it("the flags of run that change what is served", async () => {
    const dir = put("a.yaml", GOOD);
    const { code, stdout } = await runToEnd(
      ["check", dir, "--http-port=8080", "--https-port=8443", "--status-port=80", "--enable-ssl-passthrough"],
    );
    assert.match(stdout, /EndpointRefused/, "the endpoint on port 80 of this machine is the status port now");
    assert.match(stdout, /^warning: --enable-ssl-passthrough: .*\[FlagNotHonoured\]$/m);
    assert.equal(code, 1);
  });
});
