/**
 * Workers know nothing of each other, and yet agree which endpoint a key or a cookie stands for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EchoServer } from "../../src/cli/echo/echo-server.ts";
import { ask, Sallyport } from "../support/sallyport.ts";

const SLOW = { timeout: 30_000 };
const ANNOTATIONS: Readonly<Record<string, string>> = {
  "hash": "upstream-hash-by: $request_uri",
  "balanced": "affinity: cookie",
  "persistent": "affinity: cookie, nginx.ingress.kubernetes.io/affinity-mode: persistent",
};
const backends: EchoServer[] = [];
let sallyport: Sallyport;

/** A Service with its Ingress, on the host of its name. */
function manifest(name: string, annotations: string): string {
  const slices = backends.map(({ port }, i) =>
    `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}-${i}, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
endpoints: [{addresses: ["127.0.0.1"]}]
ports: [{port: ${port}}]
---
`
  );
  return `${slices.join("")}apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  annotations: {nginx.ingress.kubernetes.io/${annotations}}
spec:
  ingressClassName: nginx
  rules:
  - host: ${name}.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ${name}, port: {number: 80}}}}]}
---
`;
}

before(async () => {
  for (const name of ["one", "two", "three", "four"]) {
    const backend = new EchoServer({ name, address: "127.0.0.1", port: 0 });
    await backend.start();
    backends.push(backend);
  }
  const all = Object.entries(ANNOTATIONS).map(([name, annotations]) => manifest(name, annotations)).join("");
  sallyport = await Sallyport.start({ "all.yaml": all }, "--workers=3");
}, SLOW);
after(async () => {
  await sallyport?.[Symbol.asyncDispose]();
  await Promise.all(backends.map((backend) => backend.close()));
});

/** Names of the backends that so many requests got to, each on a connection of its own. */
async function reached(
  count: number,
  host: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const told = await Promise.all(
    Array.from({ length: count }, () => ask(sallyport.ports.http, path, { host: `${host}.example`, ...headers })),
  );
  return [...new Set(told.map(({ body }) => (JSON.parse(body) as { name: string }).name))];
}

describe("workers", () => {
  it("send requests of the same key to the same endpoint", SLOW, async () => {
    const all = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const names = await reached(8, "hash", `/${i}`);
      assert.equal(names.length, 1, `${i}: ${names}`);
      all.add(names[0]!);
    }
    assert.ok(all.size > 1, "several endpoints are used");
  });

  for (const mode of ["balanced", "persistent"]) {
    it(`keep a client with the endpoint that one of them chose (${mode})`, SLOW, async () => {
      const all = new Set<string>();
      for (let i = 0; i < 12; i++) {
        const { headers, body } = await ask(sallyport.ports.http, "/", { host: `${mode}.example` });
        const cookie = headers["set-cookie"]![0]!.split(";")[0]!;
        const { name } = JSON.parse(body) as { name: string };
        assert.deepEqual(await reached(8, mode, "/", { cookie }), [name]);
        all.add(name);
      }
      assert.ok(all.size > 1, "several endpoints are used");
    });
  }
});
