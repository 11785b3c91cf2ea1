/**
 * What the README says to do leads somewhere: its links in a checkout and beside an installed executable, its example, its
 * tables of flags.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { RUN_FLAGS } from "../../src/cli/flag/run-flags.ts";

const root = join(import.meta.dirname!, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** Links of a page to other files. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Those that lead nowhere. */
function deadLinks(page: string): string[] {
  return linksOf(readFileSync(page, "utf8")).filter((target) => !existsSync(join(dirname(page), target)));
}

function checkPages(folder: string): void {
  const pages = ["README.md", ...readdirSync(join(folder, "docs")).map((name) => `docs/${name}`)];
  assert.ok(pages.length > 5);
  for (const page of pages) assert.deepEqual(deadLinks(join(folder, page)), [], page);
}

describe("README", () => {
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  after(() => rmSync(folder, { recursive: true }));

  test("links to what is there", () => checkPages(root));

  test("links to what is there, too, where the unit looks for it", () => {
    const command = readme.split("\n").find((line) => line.includes("/usr/local/share/doc"))!;
    execFileSync("sh", ["-c", command.replaceAll("/usr/local", folder)], { cwd: root });
    const unit = readFileSync(join(root, "deploy/sallyport.service"), "utf8");
    const documentation = /^Documentation=file:\/usr\/local(.*)$/m.exec(unit)![1]!;
    assert.ok(existsSync(join(folder, documentation)));
    checkPages(join(folder, dirname(documentation)));
  });

  test("links to what is packed", () => {
    const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
    const pages = readdirSync(join(root, "docs")).map((name) => readFileSync(join(root, "docs", name), "utf8"));
    const above = pages.flatMap(linksOf).flatMap((target) => target.startsWith("../") ? [target.slice(3)] : []);
    for (const target of [...linksOf(readme), ...above]) {
      assert.ok(files.some((each) => target === each || target.startsWith(`${each}/`)), target);
    }
  });

  test("names scripts that can be run", () => {
    const scripts = new Set(
      [...readme.matchAll(/^\s*(?:.*&& )?(\.\/[\w./-]+\.sh)/gm)].map(([, script = ""]) => script),
    );
    assert.ok(scripts.size >= 3, [...scripts].join(" "));
    for (const script of scripts) execFileSync("sh", ["-c", `test -x ${script}`], { cwd: root });
  });

  test("names flags that there are", () => {
    const known = new Set(Object.keys(RUN_FLAGS));
    // of npm, useradd, systemctl, docker, and of other commands of ours
    const others = [
      "quick",
      "system",
      "shell",
      "now",
      "kill-whom",
      "signal",
      "rm",
      "help",
      "port",
      "name",
      "fail-on",
      "offline",
    ];
    const named = new Set([...readme.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, name = ""]) => name));
    const wrong = [...named].filter((name) => !known.has(name) && !others.includes(name));
    assert.deepEqual(wrong, []);
  });
});
