/**
 * SIGTERM while requests are in flight on every kind of connection: each gets its whole response.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { connect as http2Connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { describe, it } from "node:test";
import { Sallyport, serviceManifest } from "../support/sallyport.ts";

const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a, annotations: {nginx.ingress.kubernetes.io/ssl-redirect: "false"}}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.example]}]
  rules:
  - host: a.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}
`;

type Ask = (port: { http: number; https: number }, path: string) => Promise<string>;

const http1 = (secure: boolean): Ask => (ports, path) =>
  new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: secure ? ports.https : ports.http,
      path,
      headers: { host: "a.example" },
      servername: "a.example",
      rejectUnauthorized: false,
      agent: false,
    };
    const outgoing = (secure ? httpsRequest : httpRequest)(options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => body += text).on("error", reject);
      response.on("end", () => resolve(`${response.statusCode} ${body}`));
    });
    outgoing.on("error", reject).end();
  });

const http2 = (secure: boolean): Ask => async (ports, path) => {
  const session = secure
    ? http2Connect(`https://127.0.0.1:${ports.https}`, { servername: "a.example", rejectUnauthorized: false })
    : http2Connect(`http://127.0.0.1:${ports.http}`);
  const failed = new Promise<never>((_, reject) => session.on("error", reject));
  const stream = session.request({ ":path": path, ":authority": "a.example" });
  let body = "";
  stream.setEncoding("utf8").on("data", (text) => body += text);
  const ended = once(stream, "end");
  const [head] = await Promise.race([once(stream, "response"), failed]);
  await Promise.race([ended, failed]);
  session.close();
  return `${head[":status"]} ${body}`;
};

const KINDS: readonly [name: string, ask: Ask][] = [
  ["HTTP/1.1", http1(false)],
  ["HTTP/1.1 over TLS", http1(true)],
  ["HTTP/2", http2(false)],
  ["HTTP/2 over TLS", http2(true)],
];

describe("SIGTERM", () => {
  for (const workers of "Deno" in globalThis ? [0] : [0, 2]) {
    it(`lets requests end that have not been answered, or not to the end, with --workers ${workers}`, async () => {
      const waiting: { path: string; response: ServerResponse }[] = [];
      let arrived = (): void => {};
      const backend = createServer((incoming: IncomingMessage, response) => {
        const path = incoming.url!;
        if (path === "/half") response.write("half ");
        waiting.push({ path, response });
        arrived();
      });
      await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
      try {
        const manifest = serviceManifest("s", "127.0.0.1", (backend.address() as AddressInfo).port) + INGRESS;
        const flags = [`--workers=${workers}`, "--shutdown-grace-period=0"];
        await using program = await Sallyport.start({ "all.yaml": manifest }, ...flags);
        const all = KINDS.flatMap(([name, ask]) =>
          ["/whole", "/half"].map(async (path) => {
            const text = await ask(program.ports, path).catch((error) => String(error));
            return `${name} ${path}: ${text}`;
          })
        );
        while (waiting.length < all.length) await new Promise<void>((resolve) => arrived = resolve);
        program.signal("SIGTERM");
        await program.logged((line) => line.message === "shutting down");
        // listeners close after that; whoever has connected is served
        for (;;) {
          const socket = connect({ port: program.ports.http, host: "127.0.0.1" });
          const opened = await once(socket, "connect").then(() => true, () => false);
          socket.destroy();
          if (!opened) break;
        }
        for (const { path, response } of waiting) response.end(path === "/half" ? "rest" : "all");
        assert.deepEqual(
          await Promise.all(all),
          KINDS.flatMap(([name]) => [`${name} /whole: 200 all`, `${name} /half: 200 half rest`]),
        );
        assert.equal((await program.ended).code, 0);
      } finally {
        backend.close();
        backend.closeAllConnections();
      }
    });
  }
});
