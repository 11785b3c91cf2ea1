/**
 * Texts of clients that end up in fields, targets and log lines, by way of everything that can carry them there: what
 * reaches the backend is one well-formed request, what reaches the client one well-formed response.
 *
 * @module
 */
import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { Sallyport, serviceManifest } from "../support/sallyport.ts";
import { readMessages } from "../support/strict-messages.ts";

const WIRE = ["Content-Length", "transfer-encoding", "Connection", "Upgrade", "TE", "Host"];

/** Annotations of each host, without prefix. */
const HOSTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "rewrite": { "rewrite-target": "/t/$1$uri" },
  "rewrite-redirect": { "rewrite-target": "https://x.example/$1" },
  "app-root": { "app-root": "/a$1$uri" },
  "return": { "configuration-snippet": "return 301 https://$host$uri$is_args$args;" },
  "return-path": { "configuration-snippet": "return 302 /x$uri$1$http_x;" },
  "return-text": { "configuration-snippet": 'return 200 "$uri $http_x $arg_a $host";' },
  "fields": {
    "configuration-snippet": 'add_header X-Uri $uri always; more_set_headers "X-Two: $uri$arg_a$1$http_x";' +
      'more_set_input_headers "X-In: $uri$arg_a$1"; proxy_set_header X-Ps $uri$1$arg_a;',
  },
  "snippet-redirect": { "configuration-snippet": "rewrite ^/(.*)$ https://q.example/$1 permanent;" },
  "server-snippet": { "server-snippet": "location ~ ^/(.*)$ { return 301 https://l/$1; }" },
  "vhost": { "upstream-vhost": "v$1$uri" },
  "prefix": { "x-forwarded-prefix": "/p$1$uri" },
  "https": { "force-ssl-redirect": "true" },
  "redirects": { "proxy-redirect-from": "http://up/", "proxy-redirect-to": "http://$host$uri/$http_x" },
  "cookies": { "proxy-cookie-domain": "up $host$uri", "proxy-cookie-path": "/x /$host$uri" },
  ...Object.fromEntries(WIRE.map((name) => [`wire-${name.toLowerCase()}`, {
    "configuration-snippet": `add_header ${name} 5 always; more_set_headers "${name}: 5"; proxy_set_header ${name} 5;` +
      `more_clear_headers "${name}"; more_set_input_headers "${name}: 5"; more_clear_input_headers "${name}";`,
    "connection-proxy-header": name,
  }])),
};

const PATHS = [
  "/%0d%0aX-Evil:%201%0d%0a%0d%0a",
  // U+010D, U+010A, U+560A: line ends when cut to a byte
  "/%C4%8D%C4%8AX-Evil:1",
  "/%E5%98%8A%E5%98%8DX-Evil:1",
  "/\xc4\x8d\xc4\x8aX-Evil:1",
  "/%20HTTP/1.1%0d%0aHost:%20evil",
  "/a%09b%7f%01%1f%ff%fe?a=%0d%0aX-Evil:1",
  "/%F0%9F%98%8A%ED%A0%80%3f%23%25%26?a=\xc4\x8a",
  "//%2f%2fevil.example/%5c..",
  "/",
];
const FIELDS = [
  "X: a\tb\xc4\x8a\r\n",
  "X-Forwarded-Host: evil\xc4\x8a.example, b\r\nX-Forwarded-Proto: http\tx\r\nX-Forwarded-Port: 80\r\n",
  "X-Forwarded-For: 1.2.3.4, \xff\r\nX-Request-ID: a b\tc\xff\r\nOrigin: a\tb\r\n",
];
const BODIES = ["", "Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"];

/** What each connection of the backend received. */
const received: string[] = [];

const backend = createServer((socket: Socket) => {
  const at = received.push("") - 1;
  let answered = 0;
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    received[at] += bytes.toString("latin1");
    let messages;
    try {
      messages = readMessages(received[at]!, "request");
    } catch {
      return; // not whole yet, or never: looked at in the end
    }
    for (; answered < messages.length; answered++) {
      socket.write(
        "HTTP/1.1 200 OK\r\nLocation: http://up/a\r\nSet-Cookie: a=b; Path=/x; Domain=up\r\nContent-Length: 2\r\n\r\nok",
      );
    }
  });
});

function manifests(port: number): string {
  let text = serviceManifest("s", "127.0.0.1", port);
  text += `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  use-forwarded-headers: "true"
  annotations-risk-level: Critical
  proxy-set-headers: default/fields
  add-headers: default/fields
  log-format-upstream: '[$request_uri] [$uri] [$http_x] [$http_user_agent]'
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fields}
data: {Content-Length: "5", Transfer-Encoding: chunked, Connection: close, X-Wide: "a\\u010d\\u010aX-Evil: 1"}
---
`;
  for (const [name, annotations] of Object.entries(HOSTS)) {
    const prefixed = Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]);
    prefixed.push(["nginx.ingress.kubernetes.io/use-regex", "true"]);
    text += `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: "${name}", annotations: ${JSON.stringify(Object.fromEntries(prefixed))}}
spec:
  ingressClassName: nginx
  rules:
  - host: ${name}.example
    http: {paths: [{path: "/(.*)", pathType: ImplementationSpecific, backend: {service: {name: s, port: {number: 80}}}}]}
---
`;
  }
  return text;
}

function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(bytes, "latin1"));
    socket.on("data", (chunk) => text += chunk.toString("latin1")).on("error", reject).on("close", () => resolve(text));
  });
}

describe("hostile text", () => {
  let program: Sallyport;
  before(async () => {
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    const { port } = backend.address() as AddressInfo;
    program = await Sallyport.start({ "all.yaml": manifests(port) }, "--configmap=default/settings");
  });
  after(async () => {
    await program[Symbol.asyncDispose]();
    backend.close();
  });

  for (const name of Object.keys(HOSTS)) {
    it(`makes one request and one response of each, by way of ${name}`, async () => {
      let n = 0;
      for (const path of PATHS) {
        const body = BODIES[n % BODIES.length]!;
        const fields = FIELDS[n++ % FIELDS.length]!;
        const before = received.length;
        const request = `${body === "" ? "GET" : "PUT"} ${path} HTTP/1.1\r\nHost: ${name}.example\r\n${fields}` +
          `Connection: close\r\n${body === "" ? "\r\n" : body}`;
        const messages = readMessages(await exchange(program.ports.http, request), "response");
        assert.equal(messages.length, 1, request);
        assert.doesNotMatch(messages[0]!.head, /^HTTP.1.1 50/, request);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(messages[0]!.head, /^X-Evil|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/mi);
        assert.ok(received.length <= before + 1);
      }
    });
  }

  it("leaves nothing but well-formed requests with the backend", () => {
    const messages = received.flatMap((text) => readMessages(text, "request"));
    assert.ok(messages.length > 50);
    for (const { head, body } of messages) {
      assert.doesNotMatch(head, /^X-Evil/mi);
      assert.match(body, /^(?:abc)?$/);
    }
  });
});
