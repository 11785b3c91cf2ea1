/**
 * What the log says of requests that no upstream answered: why, who was asked, for whom.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { refusedAddress } from "../support/data-plane.ts";
import { Opened } from "../support/opened.ts";
import { ingressManifest, type LogLine, Sallyport, serviceManifest } from "../support/sallyport.ts";

const SLOW = { timeout: 60_000 };
const opened = new Opened();

/** A backend that does so with each connection that has brought something. Returns its port. */
async function backend(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => serve(socket));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  opened.keep(server);
  return (server.address() as AddressInfo).port;
}

const refusedPort = Number((await refusedAddress()).split(":")[1]);
const CASES = {
  refused: {
    port: refusedPort,
    told: { status: 502, code: "upstream-refused", cause: /^connection refused$/ },
  },
  closed: {
    port: await backend((socket) => socket.end()),
    told: { status: 502, code: "upstream-closed", cause: /^the upstream closed without a response/ },
  },
  reset: {
    port: await backend((socket) => socket.resetAndDestroy()),
    told: { status: 502, code: "upstream-closed", cause: /without a response: connection reset$/ },
  },
  garbage: {
    port: await backend((socket) => socket.write("no HTTP at all\r\n\r\n")),
    told: { status: 502, code: "upstream-malformed", cause: /./ },
  },
  silent: {
    port: await backend(() => {}),
    told: { status: 504, code: "upstream-timeout", cause: /^the upstream did not answer in time$/ },
  },
} as const;

const TIMEOUT = `annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "1"}`;

function manifests(): Record<string, string> {
  let text = "";
  for (const [name, { port }] of Object.entries(CASES)) {
    text += serviceManifest(name, "127.0.0.1", port) + withTimeout(name);
  }
  text += serviceManifest("empty", "127.0.0.1", 1).replace(/^endpoints: .*$/m, "endpoints: []") + withTimeout("empty");
  text += `apiVersion: v1
kind: Service
metadata: {name: unresolved}
spec: {type: ExternalName, externalName: no-such-name.invalid, ports: [{port: 80}]}
---
${withTimeout("unresolved")}`;
  text += ingressManifest("denied", "denied.example", "silent").replace(
    "metadata: {name: denied}",
    `metadata: {name: denied, annotations: {nginx.ingress.kubernetes.io/whitelist-source-range: "no address"}}`,
  );
  return { "all.yaml": text };
}

function withTimeout(name: string): string {
  return ingressManifest(name, `${name}.example`, name).replace(`{name: ${name}}`, `\n  name: ${name}\n  ${TIMEOUT}`);
}

const isFailure = (line: LogLine): boolean => line.message === "a request failed";

for (const workers of [0, 2]) {
  describe(`the log of requests that failed, with ${workers} workers`, () => {
    it("tells code, upstream, endpoint, cause, host, path and Ingress of 502, 503 and 504", SLOW, async () => {
      await using sallyport = await Sallyport.start(manifests(), `--workers=${workers}`);
      for (const [name, { port, told }] of Object.entries(CASES)) {
        const { status } = await sallyport.get(`${name}.example`, `/some/${name}?token=secret`);
        assert.equal(status, told.status, name);
        const line = await sallyport.logged((l) => isFailure(l) && l["host"] === `${name}.example`);
        assert.deepEqual(
          [line.level, line["status"], line["code"], line["upstream"], line["endpoint"], line["path"], line["ingress"]],
          [
            "error",
            told.status,
            told.code,
            `default-${name}-80`,
            `127.0.0.1:${port}`,
            `/some/${name}`,
            `default/${name}`,
          ],
        );
        assert.match(String(line["cause"]), told.cause);
      }
      for (
        const [name, code, cause] of [
          ["empty", "upstream-none", /no endpoint/],
          ["unresolved", "upstream-unresolved", /"no-such-name\.invalid"/],
          ["denied", "denied", /whitelist-source-range/],
        ] as const
      ) {
        assert.equal((await sallyport.get(`${name}.example`, "/")).status, 503, name);
        const line = await sallyport.logged((l) => isFailure(l) && l["host"] === `${name}.example`);
        assert.deepEqual([line["status"], line["code"], line["ingress"]], [503, code, `default/${name}`]);
        assert.match(String(line["cause"]), cause);
      }
    });

    it(
      "tells a kind once for many requests, whatever process served them, and how many it left out",
      SLOW,
      async () => {
        await using sallyport = await Sallyport.start(manifests(), `--workers=${workers}`);
        await Promise.all(Array.from({ length: 40 }, () => sallyport.get("refused.example", "/")));
        sallyport.signal("SIGTERM");
        await sallyport.ended;
        const lines = sallyport.log.filter(isFailure);
        assert.deepEqual(lines.map((line) => line["leftOut"]), [undefined, 39]);
      },
    );
  });
}

describe("error-log-level", () => {
  const config = (level: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {error-log-level: ${level}}\n`;

  it("keeps lines of less importance out, also when it changes", SLOW, async () => {
    const flags = ["--configmap=default/c", "--workers=0"];
    await using sallyport = await Sallyport.start({ ...manifests(), "config.yaml": config("crit") }, ...flags);
    assert.equal((await sallyport.get("refused.example", "/")).status, 502);
    const seen = sallyport.log.length;
    sallyport.write("config.yaml", config("error"));
    await sallyport.logged((line) => line.message === "configuration applied", seen);
    assert.equal((await sallyport.get("closed.example", "/")).status, 502);
    await sallyport.logged(isFailure);
    assert.deepEqual(sallyport.log.filter(isFailure).map((line) => line["host"]), ["closed.example"]);
    assert.equal(sallyport.log.some((line) => String(line["field"]).includes("error-log-level")), false);
  });
});

describe("an attempt that fails while another endpoint answers", () => {
  it("is told as a warning that names the endpoint", SLOW, async () => {
    const good = await backend((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    const slices = serviceManifest("two", "127.0.0.1", good) +
      serviceManifest("two", "127.0.0.1", refusedPort).split("---\n")[1]!.replace("two-1", "two-2") + "---\n";
    await using sallyport = await Sallyport.start(
      { "two.yaml": slices + ingressManifest("two", "two.example", "two") },
      "--workers=0",
    );
    for (let i = 0; i < 4; i++) assert.equal((await sallyport.get("two.example", "/")).status, 200);
    const line = await sallyport.logged((l) => l["code"] === "upstream-refused");
    assert.deepEqual([line.level, line["endpoint"], line["cause"]], [
      "warning",
      `127.0.0.1:${refusedPort}`,
      "connection refused",
    ]);
  });
});

describe("a response that breaks off", () => {
  it("is told", SLOW, async () => {
    const port = await backend((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"));
    await using sallyport = await Sallyport.start(
      { "a.yaml": serviceManifest("cut", "127.0.0.1", port) + ingressManifest("cut", "cut.example", "cut") },
      "--workers=0",
    );
    await assert.rejects(sallyport.get("cut.example", "/"));
    const line = await sallyport.logged((l) => l.message === "a response was cut");
    assert.deepEqual([line.level, line["status"], line["code"], line["endpoint"]], [
      "error",
      200,
      "upstream-closed",
      `127.0.0.1:${port}`,
    ]);
  });
});
