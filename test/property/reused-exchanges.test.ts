/**
 * Exchanges, Contexts and what hangs on them are used again, for other requests: whatever a request brings, each is answered,
 * forwarded and logged as if it were the only one. Every request is first sent alone, to a data plane of its own; then many of
 * them, in any order, on few connections of one data plane.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as http2 from "node:http2";
import { after, before, describe, it } from "node:test";
import { createCompiler } from "../../src/compiler/mod.ts";
import { type KubeObject, readObject, Store } from "../../src/kube/mod.ts";
import type { Logger } from "../../src/observe/mod.ts";
import { DataPlane } from "../../src/proxy/mod.ts";
import { makeSelfSigned } from "../../src/proxy/tls/self-signed.ts";
import type { SnapshotUpdate } from "../../src/snapshot/mod.ts";
import { compilerOptions } from "../support/compiler.ts";
import { type Random, random } from "../support/random.ts";
import { type BackendConnection, RawBackend, RawClient, refusingEndpoint } from "../support/wire.ts";

const quiet: Logger = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };
const CERTIFICATE = makeSelfSigned({ commonName: "a", organization: "b", names: ["a.example"], days: 9 });
const LOG_FORMAT = "$remote_addr $host $server_protocol $request_method $request_uri|$uri|$args|$arg_a|$status|" +
  "$body_bytes_sent|$request_length|$http_x_one|$http_x_two|$http_cookie|$http_referer|$remote_user|$req_id|" +
  "$upstream_addr|$upstream_status|$upstream_response_length|$upstream_http_x_only|$sent_http_x_only|$sent_http_x_mine|" +
  "$ingress_name|$service_name|$location_path|$proxy_upstream_name|$mine|$1|$http_content_type|$scheme|$best_http_host";

/** Hosts by what is done for their requests. */
const ANNOTATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  streamed: { "proxy-request-buffering": "off" },
  buffered: { "proxy-buffering": "on" },
  regex: { "use-regex": "true", "rewrite-target": "/got/$1" },
  snippet: {
    "configuration-snippet": 'set $mine "m$arg_a"; if ($http_x_one = "deny") { return 403 "no $arg_a"; } ' +
      'more_set_headers "X-Mine: $mine-$http_x_two"; if ($http_x_two) { rewrite ^/(.*)$ /two/$1 break; }',
  },
  server: {
    "server-snippet": 'if ($http_x_two = "gone") { return 410; } location /block { return 200 "$uri $arg_a"; }',
  },
  cors: { "enable-cors": "true", "cors-allow-origin": "https://one.example" },
  cookie: { affinity: "cookie" },
  moved: { "permanent-redirect": "https://elsewhere.example/" },
  guarded: { "whitelist-source-range": "192.0.2.0/24" },
  small: { "proxy-body-size": "5" },
};

function manifests(backendPort: number, deadPort: number): SnapshotUpdate {
  const metadata = (name: string, annotations: Readonly<Record<string, string>> = {}) => ({
    name,
    namespace: "default",
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]),
    ),
  });
  const service = (name: string, port: number | null) => [
    { apiVersion: "v1", kind: "Service", metadata: metadata(name), spec: { ports: [{ port: 80, targetPort: 80 }] } },
    {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: metadata(name),
      subsets: port === null ? [] : [{ addresses: [{ ip: "127.0.0.1" }], ports: [{ port }] }],
    },
  ];
  const ingress = (name: string, to: string, annotations: Readonly<Record<string, string>> = {}) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: metadata(name, annotations),
    spec: {
      ingressClassName: "nginx",
      rules: [{
        host: `${name}.example`,
        http: {
          paths: [{
            path: annotations["use-regex"] === undefined ? "/" : "/(.*)",
            pathType: annotations["use-regex"] === undefined ? "Prefix" : "ImplementationSpecific",
            backend: { service: { name: to, port: { number: 80 } } },
          }],
        },
      }],
    },
  });
  const given = [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: metadata("nginx"),
      spec: { controller: "k8s.io/ingress-nginx" },
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadata("controller"),
      data: {
        "log-format-upstream": LOG_FORMAT,
        "use-gzip": "true",
        "gzip-types": "text/plain",
        "allow-snippet-annotations": "true",
        "annotations-risk-level": "Critical",
      },
    },
    ...service("main", backendPort),
    ...service("dead", deadPort),
    ...service("none", null),
    ...Object.entries(ANNOTATIONS).map(([name, annotations]) => ingress(name, "main", annotations)),
    ingress("dead", "dead"),
    ingress("none", "none"),
  ];
  const objects = given.map((value): KubeObject => {
    const reading = readObject(value, { kind: "file", file: "test.yaml" });
    assert.equal(reading.kind, "object", JSON.stringify(reading));
    return (reading as Extract<typeof reading, { kind: "object" }>).object;
  });
  const store = new Store();
  store.apply({ put: objects, remove: [] });
  const { diagnostics, update } = createCompiler(compilerOptions({ configMap: "default/controller" })).compile(
    store,
    [],
  );
  assert.deepEqual(diagnostics.filter(({ severity }) => severity === "error"), []);
  const listener = (name: "http" | "https") => ({
    name,
    address: "127.0.0.1",
    port: 0,
    protocol: name,
    proxyProtocol: false,
  });
  return { ...update, listeners: { set: [listener("http"), listener("https")], remove: [] } } as SnapshotUpdate;
}

/** Answers with what it got; the target says how. */
class Backend {
  readonly #seen = new Set<string>();
  #arrived: (() => void)[] = [];
  raw!: RawBackend;

  async open(): Promise<void> {
    this.raw = await RawBackend.open((connection) => this.#serve(connection));
  }

  /** Resolves when a request for that target has come, however often that was before. */
  async seen(target: string): Promise<void> {
    while (!this.#seen.delete(target)) await new Promise<void>((resolve) => this.#arrived.push(resolve));
  }

  async #serve(connection: BackendConnection): Promise<void> {
    for (;;) {
      let request: [string, number] | null = null;
      await connection.until(() => (request = takeRequest(connection.text)) !== null || connection.ended, "a request");
      if (request === null) return void connection.socket.end();
      const [received, length] = request as [string, number];
      // what is by chance would change the length of an encoded body
      const text = received.replace(/^(x-forwarded-port: ).*\r$/im, "$1P\r").replace(/\b[0-9a-f]{32}\b/, "ID");
      connection.text = connection.text.slice(length);
      const target = text.split(" ")[1]!;
      this.#seen.add(target);
      for (const arrived of this.#arrived.splice(0)) arrived();
      if (target.includes("/hold")) continue;
      const toHead = text.startsWith("HEAD");
      const only = target.match(/only=([a-z0-9]+)/)?.[1];
      const fields = `Content-Type: text/plain\r\n${
        only === undefined ? "" : `X-Only: ${only}\r\nETag: "${only}"\r\n`
      }`;
      if (/^upgrade: websocket\r$/im.test(text)) {
        connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
        await connection.has("bye");
        connection.send("bye");
        return void connection.socket.end();
      }
      if (target.includes("/cut")) {
        connection.send(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 100000\r\n\r\nhalf`);
        return void connection.socket.end();
      }
      if (target.includes("/broken")) {
        connection.send("HTTP/1.1 nonsense\r\n\r\n");
        return void connection.socket.end();
      }
      if (target.includes("/empty")) connection.send(`HTTP/1.1 204 No Content\r\n${fields}\r\n`);
      else if (target.includes("/same")) connection.send(`HTTP/1.1 304 Not Modified\r\n${fields}\r\n`);
      else if (target.includes("/chunks")) {
        connection.send(`HTTP/1.1 201 Created\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`);
        if (!toHead) connection.send(`${text.length.toString(16)}\r\n${text}\r\n0\r\nX-Sum: ${text.length}\r\n\r\n`);
      } else {
        const body = target.includes("/long") ? text + "x".repeat(70_000) : text;
        connection.send(`HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${toHead ? "" : body}`);
      }
    }
  }
}

/** The first message of `text`, and where it ends; `null`: it is not there yet. */
function takeMessage(text: string, bodiless: boolean): [text: string, end: number] | null {
  const head = text.indexOf("\r\n\r\n") + 4;
  if (head < 4) return null;
  if (/^HTTP\/1\.1 (?:1..|204|304) /.test(text)) bodiless = true;
  if (!bodiless && /^transfer-encoding: chunked\r$/im.test(text.slice(0, head))) {
    for (let at = head;;) {
      const line = text.indexOf("\r\n", at);
      if (line < 0) return null;
      const size = parseInt(text.slice(at, line), 16);
      if (size === 0) {
        const end = text.startsWith("\r\n", line + 2) ? line + 4 : text.indexOf("\r\n\r\n", line) + 4;
        return end < 4 || end > text.length ? null : [text.slice(0, end), end];
      }
      at = line + 2 + size + 2;
      if (at > text.length) return null;
    }
  }
  const length = bodiless ? 0 : Number(/^content-length: ([0-9]+)\r$/im.exec(text.slice(0, head))?.[1] ?? "0");
  return text.length < head + length ? null : [text.slice(0, head + length), head + length];
}

const takeRequest = (text: string): [string, number] | null => takeMessage(text, false);

/** What a client does. */
interface Spec {
  readonly number: number;
  readonly host: string;
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string | null;
  readonly chunked: boolean;
  /** `abort`: leaves when the backend has the request; `half`: leaves in the middle of the request; `malformed`: is none. */
  readonly kind: "usual" | "upgrade" | "abort" | "half" | "malformed";
}

function makeSpec(number: number, next: Random): Spec {
  const kind = next(12) > 2 ? "usual" : next.of(["upgrade", "abort", "half", "malformed"] as const);
  const host = kind === "usual" ? next.of([...Object.keys(ANNOTATIONS), "dead", "none", "unknown"]) : "plain";
  const way = kind === "abort"
    ? "hold"
    : kind === "usual"
    ? next.of(["p", "p", "p", "cut", "broken", "empty", "same", "chunks", "long", "block", "a%20b", "x/../y"])
    : "p";
  const query = next.of(["", `?a=${number}`, `?a=a${number}&only=o${number}`, "?", `?only=q${number}`]);
  const maybe: (readonly [string, string])[] = [
    ["X-One", next.of(["deny", `one${number}`])],
    ["X-Two", next.of(["gone", `two${number}`])],
    ["Cookie", `c=${number}`],
    ["Referer", `https://r.example/${number}`],
    ["Authorization", `Basic ${Buffer.from(`user${number}:p`).toString("base64")}`],
    ["X-Request-ID", `id-${number}`],
    ["Origin", next.of(["https://one.example", "https://two.example"])],
    ["Accept-Encoding", "gzip"],
    ["Content-Type", `text/x-${number}`],
    ["X-Forwarded-For", `192.0.2.${number % 250}`],
    ["X-Forwarded-Host", `f${number}.example`],
  ];
  const method = kind === "half"
    ? "POST"
    : kind === "upgrade"
    ? "GET"
    : next.of(["GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"]);
  const body = kind !== "half" && (kind !== "usual" || next(3) > 0 || method === "HEAD")
    ? null
    : `body ${number} `.repeat(next.of([1, 3, 2000]));
  return {
    number,
    host: `${host}.example`,
    method,
    target: `/${way}/${number}${query}`,
    // where the parts of an encoded body end is a matter of time
    fields: maybe.filter(([name]) => next(3) === 0 && !(name === "Accept-Encoding" && /cut|long/.test(way))),
    body,
    chunked: next(2) === 0,
    kind,
  };
}

function requestText({ body, chunked, fields, host, kind, method, target }: Spec): string {
  if (kind === "malformed") return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nX-Bad\r\n\r\n`;
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`;
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
  if (kind === "upgrade") text += "Connection: upgrade\r\nUpgrade: websocket\r\n";
  if (body === null) return `${text}\r\n`;
  if (kind === "half") return `${text}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`;
  if (!chunked) return `${text}Content-Length: ${body.length}\r\n\r\n${body}`;
  return `${text}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}

/** What is by chance, or the time. */
function normalise(text: string): string {
  return text.replace(/^(date: ).*$/gim, "$1D").replace(/\b[0-9a-f]{32}\b/g, "ID").replace(/INGRESSCOOKIE=[^;]*/g, "C");
}

/** One data plane, with what it logs. */
class Plane {
  #log = "";
  readonly #plane = new DataPlane({
    logger: quiet,
    // making a key takes longer than all else
    selfSigned: () => CERTIFICATE,
    accessLog: (chunk) => {
      this.#log += Buffer.from(chunk).toString("latin1");
      return Promise.resolve();
    },
  });

  static async open(update: SnapshotUpdate): Promise<Plane> {
    const plane = new Plane();
    plane.#plane.apply(update);
    await plane.#plane.listen();
    return plane;
  }

  get port(): number {
    return this.#plane.ports.http;
  }

  /** Ends it; the lines that it logged, sorted. */
  async close(): Promise<string[]> {
    await this.#plane.close(10_000);
    assert.equal(this.#plane.counters().internalErrors, 0);
    return normalise(this.#log).split("\n").filter((line) => line !== "").sort();
  }
}

/** A client of HTTP/1.1. */
class H1Client {
  #client: RawClient | null = null;

  constructor(readonly port: number, readonly backend: Backend) {}

  /** Sends requests at once, and gives what each was answered with. All but the last one are usual. */
  async ask(specs: readonly Spec[]): Promise<string[]> {
    const client = this.#client ??= await RawClient.open(this.port);
    for (const spec of specs) client.send(requestText(spec));
    const answers: string[] = [];
    for (const [i, spec] of specs.entries()) {
      const answer = await this.#answer(client, spec);
      answers.push(answer);
      if (this.#client !== null) continue;
      // the proxy has ended the connection: the others have to be sent anew
      if (i + 1 < specs.length) answers.push(...await this.ask(specs.slice(i + 1)));
      break;
    }
    return answers;
  }

  async #answer(client: RawClient, spec: Spec): Promise<string> {
    if (spec.kind === "abort") await this.backend.seen(spec.target);
    if (spec.kind === "abort" || spec.kind === "half") client.socket.end();
    let message: [string, number] | null = null;
    await client.until(() => {
      message = takeMessage(client.text, spec.method === "HEAD");
      return message !== null || client.ended || client.closed;
    }, spec.target);
    // what a connection that is cut still brings is by chance
    if (message === null) return this.#drop(client, spec.target.startsWith("/cut") ? "cut" : client.text);
    const [text, end] = message as [string, number];
    client.text = client.text.slice(end);
    if (spec.kind === "upgrade" && text.startsWith("HTTP/1.1 101")) {
      client.send("bye");
      return this.#drop(client, text + await client.end());
    }
    if (/^connection: close\r$/im.test(text)) return this.#drop(client, text);
    return normalise(text);
  }

  #drop(client: RawClient, text: string): string {
    client.socket.destroy();
    this.#client = null;
    return normalise(text);
  }

  close(): void {
    this.#client?.socket.destroy();
  }
}

/** One request of HTTP/2. */
function askH2(session: http2.ClientHttp2Session, spec: Spec): Promise<string> {
  return new Promise((resolve) => {
    const headers: Record<string, string> = {
      ":method": spec.method,
      ":path": spec.target,
      ":scheme": "http",
      ":authority": spec.host,
    };
    for (const [name, value] of spec.fields) headers[name.toLowerCase()] = value;
    if (spec.body !== null && !spec.chunked) headers["content-length"] = String(spec.body.length);
    const stream = session.request(headers, { endStream: spec.body === null });
    const told: string[] = [];
    const tell = (what: string, fields: Readonly<Record<string, unknown>>): void => {
      const shown = Object.entries(fields).map(([name, value]) => `${name}: ${value}`).sort();
      told.push(`${what}\n${shown.join("\n")}`);
    };
    let body = "";
    stream.on("response", (fields) => tell("head", fields));
    stream.on("trailers", (fields) => tell("trailers", fields));
    stream.on("data", (bytes: Uint8Array) => body += Buffer.from(bytes).toString("latin1"));
    stream.on("error", () => told.push("error"));
    // what a stream that is cut still brings is by chance
    stream.on(
      "close",
      () =>
        resolve(stream.rstCode !== 0 && spec.target.startsWith("/cut") ? "cut" : normalise([...told, body].join("\n"))),
    );
    if (spec.body !== null) stream.end(spec.body);
  });
}

/** Both are sorted. */
function compareLines(actual: readonly string[], expected: readonly string[]): void {
  for (const [i, line] of expected.entries()) assert.equal(actual[i], line);
  assert.equal(actual.length, expected.length);
}

const COUNT = 100;

describe("an exchange that is used again", () => {
  const backend = new Backend();
  let update: SnapshotUpdate;

  before(async () => {
    await backend.open();
    update = manifests(backend.raw.endpoint.port, (await refusingEndpoint()).port);
  });

  after(() => backend.raw.close());

  async function alone<T>(run: (plane: Plane) => Promise<T>): Promise<[answer: T, log: readonly string[]]> {
    const plane = await Plane.open(update);
    const answer = await run(plane);
    return [answer, await plane.close()];
  }

  it("is that of its request alone, on connections of HTTP/1.1", { timeout: 120_000 }, async () => {
    const next = random(1);
    const specs = Array.from({ length: COUNT }, (_, i) => makeSpec(i, next));
    const expected: (readonly [string, readonly string[]])[] = [];
    for (const spec of specs) {
      expected.push(
        await alone(async (plane) => {
          const client = new H1Client(plane.port, backend);
          const [answer] = await client.ask([spec]);
          client.close();
          return answer!;
        }),
      );
    }
    const plane = await Plane.open(update);
    const lines: string[] = [];
    await Promise.all(Array.from({ length: 3 }, async (_, n) => {
      const order = random(100 + n);
      const client = new H1Client(plane.port, backend);
      for (let round = 0; round < 80; round++) {
        const batch: Spec[] = [];
        for (let left = 1 + order(4); left > 0; left--) {
          const spec = order.of(specs);
          // who leaves would take the answers before along, and where an answer ends the connection none follows
          if (spec.kind !== "usual" && batch.length > 0) break;
          // one at a time waits for it
          if (spec.kind === "abort" && n > 0) continue;
          batch.push(spec);
          if (spec.kind !== "usual" || !/keep-alive/i.test(expected[spec.number]![0])) break;
        }
        if (batch.length === 0) continue;
        const answers = await client.ask(batch);
        for (const [i, { number }] of batch.entries()) {
          assert.equal(answers[i], expected[number]![0], JSON.stringify(specs[number]));
          lines.push(...expected[number]![1]);
        }
      }
      client.close();
    }));
    compareLines(await plane.close(), lines.sort());
  });

  it("is that of its request alone, among streams of HTTP/2", { timeout: 120_000 }, async () => {
    const next = random(2);
    const specs = Array.from({ length: COUNT }, (_, i) => makeSpec(i, next)).filter(({ kind, host }) =>
      kind === "usual" && host !== "unknown.example"
    );
    const connect = (plane: Plane): http2.ClientHttp2Session => {
      const session = http2.connect(`http://127.0.0.1:${plane.port}`);
      session.on("error", () => {});
      return session;
    };
    const expected = new Map<Spec, readonly [string, readonly string[]]>();
    for (const spec of specs) {
      expected.set(
        spec,
        await alone(async (plane) => {
          const session = connect(plane);
          const answer = await askH2(session, spec);
          session.destroy();
          return answer;
        }),
      );
    }
    const plane = await Plane.open(update);
    const lines: string[] = [];
    await Promise.all(Array.from({ length: 2 }, async (_, n) => {
      const order = random(200 + n);
      const session = connect(plane);
      for (let round = 0; round < 30; round++) {
        const batch = Array.from({ length: 1 + order(8) }, () => order.of(specs));
        const answers = await Promise.all(batch.map((spec) => askH2(session, spec)));
        for (const [i, spec] of batch.entries()) {
          assert.equal(answers[i], expected.get(spec)![0], JSON.stringify(spec));
          lines.push(...expected.get(spec)![1]);
        }
      }
      session.destroy();
    }));
    compareLines(await plane.close(), lines.sort());
  });
});
