import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { openEcho } from "../support/echo.ts";
import { Opened } from "../support/opened.ts";
import { ingressManifest, Sallyport, serviceManifest } from "../support/sallyport.ts";

/** More than is kept in memory of a body. */
const BODY = "x".repeat(100_000);
/** Many times what a pipe holds. */
const REQUESTS = 3_000;
const TIMEOUT = { timeout: 60_000 };

/** Commands under which there is no room for a body. */
const SHORTAGES: readonly (readonly [name: string, under: readonly string[]])[] = [
  ["no temporary folder", ["env", "TMPDIR=/nowhere/at/all"]],
  // Files have 4 KiB at most; Deno itself does not start then.
  ...("Deno" in globalThis ? [] : [["a full disk", ["sh", "-c", `ulimit -f 8 && exec "$@"`, "sh"]] as const]),
];

const backend = new Opened().keep(await openEcho());

function manifests(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    "a.yaml": serviceManifest("echo", "127.0.0.1", backend.port) + ingressManifest("a", "a.example", "echo"),
    "c.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: ${JSON.stringify(settings)}\n`,
  };
}

function post(sallyport: Sallyport, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const at = { host: "127.0.0.1", port: sallyport.ports.http, agent: false, headers: { host: "a.example" } };
    request({ ...at, method: "POST" }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode!));
    }).on("error", reject).end(body);
  });
}

/** What a client does that is worth a line of the log at its most talkative; resolves when it was shown the door. */
function breakRules(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {}).on("close", () => resolve());
    socket.resume().end(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(20)}`, "latin1");
  });
}

function errors(sallyport: Sallyport): string[] {
  return sallyport.log.filter(({ level }) => level === "error").map(({ message }) => message);
}

describe("the program without room on its disk", { skip: process.platform !== "linux" }, () => {
  for (const [name, under] of SHORTAGES) {
    it(`(${name}) answers what it cannot keep with 500, tells it once, and serves the rest`, TIMEOUT, async () => {
      await using sallyport = await Sallyport.startUnder(under, manifests(), "--workers=0");
      for (let i = 0; i < 3; i++) {
        assert.equal(await post(sallyport, BODY), 500);
        assert.equal(await post(sallyport, "small"), 200);
      }
      assert.equal(errors(sallyport).length, 1);
      assert.match(errors(sallyport)[0]!, /temporary file/);
    });
  }

  it("serves on when the access log cannot be written, and tells it once", TIMEOUT, async () => {
    const settings = { "access-log-path": "/dev/full" };
    await using sallyport = await Sallyport.start(manifests(settings), "--workers=0", "--configmap=default/c");
    await sallyport.get("a.example", "/");
    await sallyport.logged(({ message }) => message === "cannot write the access log");
    for (let i = 0; i < 20; i++) assert.equal((await sallyport.get("a.example", "/")).status, 200);
    assert.deepEqual(errors(sallyport), ["cannot write the access log"]);
  });
});

describe("the program whose output nobody reads", () => {
  it("serves on, keeps bodies in files meanwhile, and tells what was lost", TIMEOUT, async () => {
    const settings = { "log-format-upstream": `$request ${"x".repeat(8_000)}` };
    await using sallyport = await Sallyport.start(manifests(settings), "--workers=0", "--configmap=default/c");
    sallyport.pauseStdout();
    for (let done = 0; done < REQUESTS; done += 50) {
      const told = await Promise.all(Array.from({ length: 50 }, () => sallyport.get("a.example", "/")));
      assert.ok(told.every(({ status }) => status === 200));
    }
    assert.equal(await post(sallyport, BODY), 200);
    sallyport.resumeStdout();
    const line = await sallyport.logged(({ message }) => message.startsWith("access log lines lost"));
    assert.ok(Number(line["lines"]) > 0);
  });

  it("serves on when it is its own log", TIMEOUT, async () => {
    await using sallyport = await Sallyport.start(manifests(), "--workers=0", "--log-level=debug");
    sallyport.pauseStderr();
    for (let done = 0; done < REQUESTS; done += 50) {
      await Promise.all(Array.from({ length: 50 }, () => breakRules(sallyport.ports.http)));
    }
    assert.equal((await sallyport.get("a.example", "/")).status, 200);
  });
});
