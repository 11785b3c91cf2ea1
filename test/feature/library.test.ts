import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { runtime } from "../../src/runtime/mod.ts";
import { echoBackend } from "../support/data-plane.ts";

const root = join(import.meta.dirname, "..", "..");
const read = (...path: string[]): string => readFileSync(join(root, ...path), "utf8");
let echo: Server & { at: string };
let folder: string;

/** The folder of a program that uses the library, with manifests for api.example.com beside it. */
before(async () => {
  echo = await echoBackend("echo");
  const [address, port] = echo.at.split(":");
  folder = mkdtempSync(join(tmpdir(), "library-"));
  mkdirSync(join(folder, "manifests"));
  writeFileSync(
    join(folder, "manifests", "api.yaml"),
    `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: api, namespace: default, annotations: { kubernetes.io/ingress.class: nginx } }
spec:
  rules:
    - host: api.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: api, port: { number: 80 } } } }] }
---
apiVersion: v1
kind: Service
metadata: { name: api, namespace: default }
spec: { ports: [{ port: 80, targetPort: ${port} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: api-1, namespace: default, labels: { kubernetes.io/service-name: api } }
addressType: IPv4
endpoints: [{ addresses: ["${address}"] }]
ports: [{ port: ${port} }]
`,
  );
  // where a package manager would put it, without one
  const entry = join(root, "mod.ts");
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { paths: { sallyport: [entry] } } }));
  const imports = { sallyport: pathToFileURL(entry).href };
  writeFileSync(join(folder, "deno.json"), JSON.stringify({ imports, nodeModulesDir: "manual" }));
});
after(() => {
  echo.close();
  rmSync(folder, { recursive: true });
});

function get(base: string, path: string, headers: Readonly<Record<string, string>>): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(base);
    const outgoing = request({ host: "127.0.0.1", port, path, agent: false, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (data: string) => text += data);
      response.on("end", () => resolve([response.statusCode!, text]));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** Runs the text as a program of its own until `body` is done with the URL that it prints. */
async function running(text: string, body: (base: string) => Promise<void>): Promise<void> {
  const file = join(folder, "program.ts");
  writeFileSync(file, text);
  const args = runtime().name === "deno" ? ["run", "-A", "--no-check", file] : [file];
  const child: ChildProcess = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  try {
    let [out, err] = ["", ""];
    child.stderr!.on("data", (data: Uint8Array) => err += String(data));
    const base = await new Promise<string>((resolve, reject) => {
      child.stdout!.on("data", (data: Uint8Array) => {
        out += String(data);
        const url = /http:\/\/\S+/.exec(out)?.[0];
        if (url !== undefined && out.endsWith("\n")) resolve(url);
      });
      child.on("close", (code) => reject(new Error(`the program ended with ${code}: ${err}`)));
    });
    await body(base);
    assert.equal(err, "");
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** Examples in the comment of a module, as they stand. */
function examplesOf(source: string): string[] {
  return [...source.matchAll(/^ \* ```ts\n([\s\S]*?)^ \* ```$/gm)].map(([, text = ""]) => text.replace(/^ \* ?/gm, ""));
}

/** Blocks of TypeScript in a page. */
function blocksOf(page: string): string[] {
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
}

describe("the examples of the library run as they stand", () => {
  it("in mod.ts: a folder of manifests is served", async () => {
    const examples = examplesOf(read("mod.ts"));
    assert.equal(examples.length, 1);
    await running(examples[0]!, async (base) => {
      const [status, text] = await get(base, "/some/where", { host: "api.example.com" });
      assert.equal(status, 200);
      assert.equal(JSON.parse(text).url, "/some/where");
      assert.equal((await get(base, "/", { host: "other.example.com" }))[0], 404);
    });
  });

  it("in examples/middleware.ts: a header is checked, and JSON answered", async () => {
    await running(read("examples", "middleware.ts"), async (base) => {
      const host = "api.example.com";
      assert.deepEqual(await get(base, "/", { host }), [401, "no key"]);
      const [status, text] = await get(base, "/", { host, "x-key": "secret" });
      assert.deepEqual([status, JSON.parse(text).name], [200, "echo"]);
      assert.deepEqual(await get(base, "/whoami", { host, "x-key": "secret" }), [200, '{"address":"127.0.0.1"}']);
      assert.equal((await get(base, "/whoami", { host }))[0], 401);
    });
  });

  it("docs/library.md has the text of the example, but for ports and what it prints", () => {
    const code = (text: string): string => text.replace(/^\/\/.*\n/gm, "").trim();
    const [block = ""] = blocksOf(read("docs", "library.md"));
    const example = code(read("examples", "middleware.ts")).replace(
      "httpPort: 0, httpsPort: 0",
      "httpPort: 8080, httpsPort: 8443",
    );
    assert.equal(`${code(block)}\nconsole.log(\`http://localhost:\${plane.ports.http}\`);`, example);
  });
});
