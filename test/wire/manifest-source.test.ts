import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { describe, test } from "node:test";
import { ManifestFolderError, ManifestSource, type SourceTarget } from "../../src/kube/mod.ts";
import { follow, hostsOf, ingressText, LogLines, TempFolder } from "../support/manifest-folder.ts";

/** A target whose objects nobody looks at. */
const NOBODY: SourceTarget = {
  get: () => undefined,
  apply: () => {},
  diagnosticsChanged: () => {},
  stateChanged: () => {},
};

describe("ManifestSource at start", () => {
  test("reads .yaml, .yml and .json in all subfolders and passes over everything else", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    folder.write("team/b.yml", ingressText("b", "b.example"));
    folder.write(
      "team/deep/c.json",
      JSON.stringify({
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata: { name: "c" },
        spec: { rules: [{ host: "c.example" }] },
      }),
    );
    folder.write("team/notes.txt", "no: [yaml");
    folder.write("d.yaml.off", ingressText("d", "d.example"));
    folder.write("..hidden/e.yaml", ingressText("e", "e.example"));
    folder.write("..f.yaml", ingressText("f", "f.example"));
    folder.write(".git/objects/g.yaml", ingressText("g", "g.example"));
    const { store, reading } = await follow(t, [folder.path]);
    assert.deepEqual(hostsOf(store), ["a.example", "b.example", "c.example"]);
    assert.equal(reading.files, 3);
    assert.equal(reading.objects, 3);
    assert.deepEqual(reading.diagnostics, []);
  });

  test("names a folder that does not exist", async () => {
    const source = new ManifestSource({ folders: ["/no/such/folder"], logger: new LogLines() });
    await assert.rejects(source.start(NOBODY), (error) => {
      assert(error instanceof ManifestFolderError);
      assert.equal(error.problem, "missing");
      assert.equal(error.message, 'cannot read manifests folder "/no/such/folder": no such folder');
      return true;
    });
  });

  test("names a folder that is a file", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", "");
    const source = new ManifestSource({ folders: [folder.at("a.yaml")], logger: new LogLines() });
    await assert.rejects(source.start(NOBODY), { name: "ManifestFolderError", problem: "not-a-folder" });
  });

  test("reports a broken file with line and column, and reads the others", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    folder.write("broken.yaml", `${ingressText("b", "b.example")}---\nmetadata: {name: x\nspec: [}\n`);
    const { store, reading, log } = await follow(t, [`${folder.path}/`]);
    assert.deepEqual(hostsOf(store), ["a.example"]);
    const [finding] = reading.diagnostics;
    assert.equal(reading.diagnostics.length, 1);
    assert.equal(finding?.reason, "BrokenFile");
    assert.deepEqual(finding?.source, { kind: "file", file: folder.at("broken.yaml"), line: 9, column: 1 });
    assert.equal(finding?.effect, "nothing of the file is in force");
    assert.equal(log.lines.length, 1);
    assert.equal(log.lines[0]?.fields["file"], `${folder.at("broken.yaml")}:9:1`);
  });

  test("leaves out a bad object and points at its field", async (t) => {
    const folder = new TempFolder(t);
    folder.write(
      "a.yaml",
      `${ingressText("a", "a.example")}---\n${ingressText("b", "b.example").replace("/,", "b,")}---\n${
        ingressText("c", "c.example")
      }`,
    );
    const { store, reading } = await follow(t, [folder.path]);
    assert.deepEqual(hostsOf(store), ["a.example", "c.example"]);
    assert.deepEqual(reading.diagnostics, [{
      reason: "InvalidObject",
      severity: "error",
      object: { kind: "Ingress", namespace: "default", name: "b" },
      field: "spec.rules[0].http.paths[0].path",
      message: `Invalid value: "b": must be an absolute path: must begin with '/'`,
      effect: "the object is left out",
      source: { kind: "file", file: folder.at("a.yaml"), line: 13, column: 51 },
    }]);
  });

  test("reports a link that leads nowhere, but not the lock of an editor", async (t) => {
    const folder = new TempFolder(t);
    folder.link("a.yaml", "nowhere.yaml");
    symlinkSync("user@host.1:2", folder.at(".#b.yaml"));
    const { reading } = await follow(t, [folder.path]);
    assert.deepEqual(reading.diagnostics.map((d) => d.message), ["cannot read the file: the link leads nowhere"]);
  });

  test("follows links to folders, but not in circles", async (t) => {
    const folder = new TempFolder(t);
    folder.write("team/a.yaml", ingressText("a", "a.example"));
    symlinkSync("..", folder.at("team/up"));
    const { store, reading } = await follow(t, [folder.path]);
    assert.deepEqual(hostsOf(store), ["a.example"]);
    assert.equal(reading.files, 1);
  });

  test("looks into a bounded number of folders, however they are linked", async (t) => {
    const folder = new TempFolder(t);
    const names = Array.from({ length: 12 }, (_, i) => `n${i}`);
    for (const name of names) folder.write(`${name}/a.yaml`, ingressText(name, `${name}.example`));
    for (const a of names) for (const b of names) if (a !== b) symlinkSync(`../${b}`, folder.at(`${a}/${b}`));
    const { store, reading } = await follow(t, [folder.path], { limits: { linkedFolders: 100 } });
    assert.deepEqual(hostsOf(store), names.map((name) => `${name}.example`).sort());
    assert.equal(reading.files, 12 + 100);
    const told = reading.diagnostics.filter((d) => d.reason === "TooManyFiles");
    assert.ok(told.length > 0);
    assert.match(told[0]!.message, /^cannot read all that is in folder ".*": links lead to more than 100 folders$/);
  });

  const tooMany = (folder: TempFolder, why: string): unknown => [{
    reason: "TooManyFiles",
    severity: "error",
    message: `cannot read all that is in folder "${folder.path}": ${why}`,
    effect: "nothing of the rest is in force",
    source: { kind: "file", file: folder.path },
  }];

  test("looks into a bounded number of folders, and into others when some have gone", async (t) => {
    const folder = new TempFolder(t);
    for (const name of ["a", "b", "c"]) folder.write(`${name}/x.yaml`, ingressText(name, `${name}.example`));
    const { store, source, until } = await follow(t, [folder.path], { limits: { folders: 2 } });
    assert.deepEqual(hostsOf(store), ["a.example", "b.example"]);
    assert.deepEqual(source.diagnostics(), tooMany(folder, "there are more than 2 folders in all"));
    folder.remove("a");
    await until("the other folder", () => hostsOf(store).join() === "b.example,c.example");
    assert.deepEqual(source.diagnostics(), []);
  });

  test("looks into folders within folders, but not into any number", async (t) => {
    const folder = new TempFolder(t);
    folder.write("1/a.yaml", ingressText("a", "a.example"));
    folder.write("1/2/b.yaml", ingressText("b", "b.example"));
    folder.write("1/2/3/c.yaml", ingressText("c", "c.example"));
    const { store, reading } = await follow(t, [folder.path], { limits: { depth: 2 } });
    assert.deepEqual(hostsOf(store), ["a.example", "b.example"]);
    assert.match(reading.diagnostics[0]?.message ?? "", /1\/2": folders are more than 2 deep$/);
  });

  test("reads a bounded number of files", async (t) => {
    const folder = new TempFolder(t);
    for (const name of ["a", "b", "c"]) folder.write(`${name}.yaml`, ingressText(name, `${name}.example`));
    for (let i = 0; i < 10; i++) folder.write(`note-${i}.txt`, "");
    const { store, reading } = await follow(t, [folder.path], { limits: { files: 2 } });
    assert.deepEqual(hostsOf(store), ["a.example", "b.example"]);
    assert.deepEqual(reading.diagnostics, tooMany(folder, "there are more than 2 files in all"));
  });

  test("reads a bounded number of bytes, of other files when some are smaller", async (t) => {
    const folder = new TempFolder(t);
    const text = (name: string): string => ingressText(name, `${name}.example`);
    for (const name of ["a", "b"]) folder.write(`${name}.yaml`, text(name));
    const totalBytes = text("a").length * 2 - 1;
    const { store, source, until } = await follow(t, [folder.path], { limits: { totalBytes } });
    assert.deepEqual(hostsOf(store), ["a.example"]);
    assert.equal(
      source.diagnostics()[0]?.message,
      `cannot read the file: all together have more than ${totalBytes} bytes`,
    );
    folder.replace("a.yaml", "# nothing\n");
    await until("the other file", () => hostsOf(store).join() === "b.example");
    assert.deepEqual(source.diagnostics(), []);
  });

  test("lets others have their turn meanwhile", async (t) => {
    const folder = new TempFolder(t);
    for (let i = 0; i < 1000; i++) folder.write(`${i}.yaml`, ingressText(`n${i}`, `${i}.example`).repeat(5));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await follow(t, [folder.path]).finally(() => clearInterval(timer));
    assert.ok(turns > 0);
  });

  test("logs some of the findings, errors first, and the number of the others", async (t) => {
    const folder = new TempFolder(t);
    const twice = Array.from({ length: 299 }, (_, i) => ingressText(`n${i}`, "a.example")).join("---\n");
    folder.write("a.yaml", twice);
    folder.write("b.yaml", twice);
    folder.write("c.yaml", "kind: [}");
    const { reading, log } = await follow(t, [folder.path]);
    assert.equal(reading.diagnostics.length, 300);
    assert.equal(log.lines.length, 201);
    assert.deepEqual(log.lines.map(({ level }) => level).slice(0, 2), ["error", "warning"]);
    assert.equal(log.lines.at(-1)?.fields["count"], 100);
  });

  test("refuses a file over the limit of bytes", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    const { reading } = await follow(t, [folder.path], { limits: { fileBytes: 100 } });
    assert.match(
      reading.diagnostics[0]?.message ?? "",
      /^cannot read the file: \d+ bytes are more than the limit of 100$/,
    );
  });
});

describe("ManifestSource following a folder", () => {
  test("hears of files that are written, replaced, renamed and removed", async (t) => {
    const folder = new TempFolder(t);
    folder.write("one.yaml", ingressText("one", "one.example"));
    const { store, until } = await follow(t, [folder.path]);
    folder.write("two.yaml", ingressText("two", "two.example"));
    await until("a new file", () => hostsOf(store).includes("two.example"));
    folder.replace("two.yaml", ingressText("two", "zwei.example"));
    await until("a replaced file", () => hostsOf(store).includes("zwei.example"));
    folder.write("two.yaml", ingressText("two", "dos.example"));
    await until("a file written in place", () => hostsOf(store).includes("dos.example"));
    appendFileSync(folder.at("two.yaml"), `---\n${ingressText("three", "three.example")}`);
    await until("an appended object", () => hostsOf(store).includes("three.example"));
    renameSync(folder.at("two.yaml"), folder.at("two.off"));
    await until("a file renamed away", () => hostsOf(store).join() === "one.example");
    renameSync(folder.at("two.off"), folder.at("two.yaml"));
    await until("a file renamed back", () => hostsOf(store).length === 3);
    folder.remove("one.yaml");
    await until("a removed file", () => hostsOf(store).join() === "dos.example,three.example");
  });

  test("tells a rename of a file as no change", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    const { store, changes, until } = await follow(t, [folder.path]);
    renameSync(folder.at("a.yaml"), folder.at("b.yaml"));
    folder.write("c.yaml", ingressText("c", "c.example"));
    await until("c", () => hostsOf(store).includes("c.example"));
    folder.remove("c.yaml");
    await until("the end of c", () => !hostsOf(store).includes("c.example"));
    assert.deepEqual(changes.map((change) => [change.key, change.after !== undefined]), [
      ["Ingress/default/c", true],
      ["Ingress/default/c", false],
    ]);
    assert.deepEqual(store.ingress("default", "a")?.source, { kind: "file", file: folder.at("b.yaml"), line: 1 });
  });

  test("tells no change when a file is written again with the same content or other comments", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    const { store, changes, until } = await follow(t, [folder.path]);
    folder.write("a.yaml", ingressText("a", "a.example"));
    folder.replace("a.yaml", `# written anew\n\n---\n${ingressText("a", "a.example")}# end\n`);
    folder.write("b.yaml", ingressText("b", "b.example"));
    await until("b", () => hostsOf(store).includes("b.example"));
    assert.deepEqual(changes.map((change) => change.key), ["Ingress/default/b"]);
  });

  test("never sees a file that is emptied and filled again without its objects", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    const { store, changes, until } = await follow(t, [folder.path]);
    truncateSync(folder.at("a.yaml"));
    await new Promise((resolve) => setTimeout(resolve, 40));
    folder.write("a.yaml", ingressText("a", "b.example"));
    await until("the new content", () => hostsOf(store).join() === "b.example");
    assert.equal(changes.length, 1);
  });

  test("waits for the rest of a file that is written piece by piece", async (t) => {
    const folder = new TempFolder(t);
    const parts = ["a", "b", "c", "d"].map((name) => `---\n${ingressText(name, `${name}.example`)}`);
    folder.write("a.yaml", parts.join(""));
    const { store, changes, log, until } = await follow(t, [folder.path]);
    truncateSync(folder.at("a.yaml"));
    for (const part of parts) {
      for (const half of [part.slice(0, 60), part.slice(60)]) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        appendFileSync(folder.at("a.yaml"), half);
      }
    }
    appendFileSync(folder.at("a.yaml"), `---\n${ingressText("e", "e.example")}`);
    await until("the last", () => hostsOf(store).includes("e.example"));
    assert.deepEqual(changes.map((change) => change.key), ["Ingress/default/e"]);
    assert.deepEqual(log.lines, []);
  });

  test("takes a file that stays empty at its word", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    const { store, until } = await follow(t, [folder.path]);
    truncateSync(folder.at("a.yaml"));
    await until("nothing", () => hostsOf(store).length === 0);
  });

  test("keeps the objects of a file that an editor moves away and writes anew", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    const { store, changes, until } = await follow(t, [folder.path]);
    renameSync(folder.at("a.yaml"), folder.at("a.yaml~"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    folder.write("a.yaml", ingressText("a", "b.example"));
    await until("the new content", () => hostsOf(store).join() === "b.example");
    assert.deepEqual(changes.map((change) => change.after?.kind), ["Ingress"]);
  });

  test("keeps the last good content of a file that is broken, says so once, and takes the next good one", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    const { store, source, log, until } = await follow(t, [folder.path]);
    folder.write("a.yaml", "kind: Ingress\nmetadata: {name: a\nspec: ][");
    await until("the finding", () => source.diagnostics().length === 1);
    assert.deepEqual(hostsOf(store), ["a.example"]);
    const [finding] = source.diagnostics();
    assert.equal(finding?.effect, "its last good content stays in force");
    assert.deepEqual(finding?.source, { kind: "file", file: folder.at("a.yaml"), line: 3, column: 1 });
    assert.deepEqual(log.lines.map((line) => line.level), ["error"]);
    folder.write("a.yaml", ingressText("a", "c.example"));
    await until("the new content", () => hostsOf(store).join() === "c.example");
    assert.deepEqual(source.diagnostics(), []);
  });

  describe("keeps the last good version of an object", () => {
    const bad = (name: string, host: string) => ingressText(name, host).replace("default}", "default, labels: {x: 1}}");
    const effects = (source: ManifestSource) =>
      source.diagnostics().map(({ reason, effect }) => `${reason}: ${effect}`);
    const KEPT = "InvalidObject: its last good version stays in force";
    const LEFT_OUT = "InvalidObject: the object is left out";

    test("that turns invalid, says so, and takes it away with the invalid one", async (t) => {
      const folder = new TempFolder(t);
      folder.write("a.yaml", `${ingressText("a", "a.example")}---\n${ingressText("b", "b.example")}`);
      const { store, source, log, until } = await follow(t, [folder.path]);
      folder.replace("a.yaml", `${bad("a", "x.example")}---\n${ingressText("b", "c.example")}`);
      await until("the good object", () => hostsOf(store).includes("c.example"));
      assert.deepEqual(hostsOf(store), ["a.example", "c.example"]);
      assert.deepEqual(effects(source), [KEPT]);
      assert.equal(
        log.lines.find(({ level }) => level === "error")?.fields["effect"],
        "its last good version stays in force",
      );
      folder.replace("a.yaml", ingressText("b", "c.example"));
      await until("its end", () => hostsOf(store).length === 1);
      assert.deepEqual(effects(source), []);
    });

    test("until the next good one comes, or its file goes", async (t) => {
      const folder = new TempFolder(t);
      folder.write("a.yaml", ingressText("a", "a.example"));
      const { store, source, until } = await follow(t, [folder.path]);
      folder.replace("a.yaml", bad("a", "x.example"));
      await until("the finding", () => source.diagnostics().length === 1);
      assert.deepEqual(hostsOf(store), ["a.example"]);
      folder.replace("a.yaml", ingressText("a", "b.example"));
      await until("the good one", () => hostsOf(store)[0] === "b.example");
      assert.deepEqual(effects(source), []);
      folder.replace("a.yaml", bad("a", "x.example"));
      await until("the finding again", () => source.diagnostics().length === 1);
      folder.remove("a.yaml");
      await until("its end", () => hostsOf(store).length === 0);
    });

    test("that is moved to another file and invalid there", async (t) => {
      const folder = new TempFolder(t);
      folder.write("a.yaml", `${ingressText("a", "a.example")}---\n${ingressText("b", "b.example")}`);
      const { store, source, until } = await follow(t, [folder.path]);
      folder.write("b.yaml", bad("a", "x.example"));
      await until("the finding", () => source.diagnostics().length === 1);
      assert.deepEqual(effects(source), [LEFT_OUT], "that copy: the other one is good");
      folder.replace("a.yaml", ingressText("b", "c.example"));
      await until("the change", () => hostsOf(store).includes("c.example"));
      assert.deepEqual(hostsOf(store), ["a.example", "c.example"]);
      assert.deepEqual(effects(source), [KEPT]);
      folder.remove("b.yaml");
      await until("its end", () => hostsOf(store).length === 1);
    });

    test("that cannot be told, and names it", async (t) => {
      const folder = new TempFolder(t);
      folder.write("a.yaml", ingressText("a", "a.example"));
      const { store, source, until } = await follow(t, [folder.path]);
      folder.replace("a.yaml", ingressText("a", "x.example").replace("{name:", "{nmae:"));
      await until("the finding", () => source.diagnostics().length > 0);
      assert.deepEqual(hostsOf(store), ["a.example"]);
      assert.equal(effects(source)[0], "InvalidObject: the last good version of Ingress default/a stays in force");
    });

    test("but has none of one that never was good", async (t) => {
      const folder = new TempFolder(t);
      folder.write("a.yaml", bad("a", "a.example"));
      const { store, source } = await follow(t, [folder.path]);
      assert.deepEqual(hostsOf(store), []);
      assert.deepEqual(effects(source), [LEFT_OUT]);
    });
  });

  test("follows the swap of a mounted ConfigMap", async (t) => {
    const folder = new TempFolder(t);
    folder.write("vol/..2024_01/a.yaml", ingressText("a", "a.example"));
    folder.link("vol/..data", "..2024_01");
    folder.link("vol/a.yaml", "..data/a.yaml");
    const { store, until, source } = await follow(t, [folder.path]);
    assert.deepEqual(hostsOf(store), ["a.example"]);
    folder.write("vol/..2024_02/a.yaml", ingressText("a", "b.example"));
    folder.link("vol/..data", "..2024_02");
    folder.remove("vol/..2024_01");
    await until("the new content", () => hostsOf(store).join() === "b.example");
    folder.write("vol/..2024_03/a.yaml", ingressText("a", "c.example"));
    folder.link("vol/..data", "..2024_03");
    folder.remove("vol/..2024_02");
    await until("the newest content", () => hostsOf(store).join() === "c.example");
    assert.deepEqual(source.diagnostics(), []);
  });

  test("follows a ConfigMap mounted with subfolders, and links made while it runs", async (t) => {
    const folder = new TempFolder(t);
    const { store, until } = await follow(t, [folder.path]);
    folder.write("vol/..1/sub/a.yaml", ingressText("a", "a.example"));
    folder.link("vol/..data", "..1");
    folder.link("vol/sub", "..data/sub");
    await until("the first content", () => hostsOf(store).join() === "a.example");
    folder.write("vol/..2/sub/a.yaml", ingressText("a", "b.example"));
    folder.link("vol/..data", "..2");
    folder.remove("vol/..1");
    await until("the new content", () => hostsOf(store).join() === "b.example");
  });

  test("hears of an edit behind a link that leads out of the folder", async (t) => {
    const folder = new TempFolder(t);
    const other = new TempFolder(t);
    other.write("real.yaml", ingressText("a", "a.example"));
    symlinkSync(other.at("real.yaml"), folder.at("a.yaml"));
    const { store, until } = await follow(t, [folder.path], { pollIntervalMs: 50 });
    other.write("real.yaml", ingressText("a", "b.example"));
    await until("the new content", () => hostsOf(store).join() === "b.example");
  });

  test("follows folders that are made, moved, removed and made anew", async (t) => {
    const folder = new TempFolder(t);
    const { store, until } = await follow(t, [folder.path], { pollIntervalMs: 100 });
    mkdirSync(folder.at("team/app"), { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    folder.write("team/app/a.yaml", ingressText("a", "a.example"));
    await until("a new folder", () => hostsOf(store).join() === "a.example");
    folder.write("team/app/a.yaml", ingressText("a", "b.example"));
    await until("an edit in it", () => hostsOf(store).join() === "b.example");
    renameSync(folder.at("team"), folder.at("crew"));
    folder.write("crew/app/a.yaml", ingressText("a", "c.example"));
    await until("an edit in the moved folder", () => hostsOf(store).join() === "c.example");
    folder.remove("crew");
    await until("the end of it", () => hostsOf(store).length === 0);
    folder.write("crew/app/a.yaml", ingressText("a", "d.example"));
    await until("the folder made anew", () => hostsOf(store).join() === "d.example");
    folder.write("crew/app/a.yaml", ingressText("a", "e.example"));
    await until("an edit in the folder made anew", () => hostsOf(store).join() === "e.example");
  });

  test("keeps everything when the folder itself goes, and reads it when it is back", async (t) => {
    const folder = new TempFolder(t);
    folder.write("m/a.yaml", ingressText("a", "a.example"));
    const { store, source, until } = await follow(t, [folder.at("m")], { pollIntervalMs: 50 });
    renameSync(folder.at("m"), folder.at("old"));
    await until("the finding", () => source.diagnostics().length === 1);
    assert.equal(source.diagnostics()[0]?.message, `cannot read folder "${folder.at("m")}": no such file`);
    assert.deepEqual(source.state, { kind: "degraded", reason: source.diagnostics()[0]?.message });
    assert.deepEqual(hostsOf(store), ["a.example"]);
    folder.write("m/a.yaml", ingressText("a", "b.example"));
    await until("the new folder", () => hostsOf(store).join() === "b.example");
    assert.deepEqual(source.diagnostics(), []);
    assert.deepEqual(source.state, { kind: "synced" });
    folder.write("m/b.yaml", ingressText("b", "c.example"));
    await until("an edit in the new folder", () => hostsOf(store).includes("c.example"));
  });

  test("has one copy of a duplicate object in force, and the other when its file goes", async (t) => {
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("x", "a.example"));
    folder.write("b.yaml", ingressText("x", "b.example"));
    const { store, source, until } = await follow(t, [folder.path]);
    assert.deepEqual(hostsOf(store), ["a.example"]);
    assert.deepEqual(source.diagnostics(), [{
      reason: "DuplicateObject",
      severity: "warning",
      object: { kind: "Ingress", namespace: "default", name: "x" },
      message: `the object is also in ${folder.at("a.yaml")}:1`,
      effect: "this copy is not in force",
      source: { kind: "file", file: folder.at("b.yaml"), line: 1 },
    }]);
    folder.remove("a.yaml");
    await until("the other copy", () => hostsOf(store).join() === "b.example");
    await until("no finding", () => source.diagnostics().length === 0);
    folder.write("a.yaml", ingressText("x", "c.example"));
    await until("the first again", () => hostsOf(store).join() === "c.example");
    folder.remove("b.yaml");
    folder.remove("a.yaml");
    await until("nothing", () => hostsOf(store).length === 0);
  });

  test("ends a rapid series of edits in the state of the last one", async (t) => {
    const folder = new TempFolder(t);
    const { store, until } = await follow(t, [folder.path]);
    for (let i = 0; i < 200; i++) {
      if (i % 3 === 0) folder.write("a.yaml", ingressText("a", `v${i}.example`));
      else if (i % 3 === 1) folder.replace("a.yaml", ingressText("a", `v${i}.example`));
      else folder.remove("a.yaml");
      if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    folder.replace("a.yaml", ingressText("a", "last.example"));
    await until("the last", () => hostsOf(store).join() === "last.example");
  });

  test("follows hundreds of files that change together", async (t) => {
    const folder = new TempFolder(t);
    for (let i = 0; i < 400; i++) folder.write(`f${i}.yaml`, ingressText(`i${i}`, `a${i}.example`));
    const { store, until } = await follow(t, [folder.path]);
    for (let i = 0; i < 400; i++) folder.replace(`f${i}.yaml`, ingressText(`i${i}`, `b${i}.example`));
    await until("all", () => hostsOf(store).every((host) => host.startsWith("b")));
    for (let i = 0; i < 399; i++) rmSync(folder.at(`f${i}.yaml`));
    await until("one", () => hostsOf(store).join() === "b399.example");
  });

  test("keeps the content of a file that may not be read", async (t) => {
    if (process.getuid?.() === 0) return t.skip("root may read everything");
    const folder = new TempFolder(t);
    folder.write("a.yaml", ingressText("a", "a.example"));
    const { store, source, until } = await follow(t, [folder.path], { rescanIntervalMs: 50 });
    chmodSync(folder.at("a.yaml"), 0);
    await until("the finding", () => source.diagnostics()[0]?.message === "cannot read the file: permission denied");
    assert.deepEqual(hostsOf(store), ["a.example"]);
  });

  test("finds what no watch told by comparing everything now and then", async (t) => {
    const folder = new TempFolder(t);
    const outside = new TempFolder(t);
    outside.write("a.yaml", ingressText("a", "a.example"));
    symlinkSync(outside.path, folder.at("team"));
    const { store, until } = await follow(t, [folder.path], { rescanIntervalMs: 50, pollIntervalMs: 1_000_000 });
    writeFileSync(outside.at("a.yaml"), ingressText("a", "b.example"));
    await until("the edit", () => hostsOf(store).join() === "b.example");
  });

  test("goes on when the listener throws", async (t) => {
    const folder = new TempFolder(t);
    const { store, log } = await follow(t, [folder.path], {}, {
      diagnosticsChanged: () => {
        throw new Error("not my day");
      },
    });
    folder.write("a.yaml", "kind: [}");
    while (!log.lines.some((line) => String(line.fields["error"]).includes("not my day"))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    folder.write("b.yaml", ingressText("b", "b.example"));
    while (!hostsOf(store).includes("b.example")) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
