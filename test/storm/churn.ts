/**
 * The configuration that never comes to rest: a folder of manifests in which something changes ten times a second.
 *
 * @module
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EchoServer } from "../../src/cli/echo/echo-server.ts";
import type { KeyPair } from "../../src/proxy/mod.ts";
import type { Random } from "../support/random.ts";
import { ask, type Sallyport } from "../support/sallyport.ts";
import { Connection } from "./h1-client.ts";
import { sleep, type Weather } from "./traffic.ts";

/** Host that all constant requests go to. */
export const HOST = "stable.example";
/** Host of the WebSockets. */
export const SOCKET_HOST = "sockets.example";

const CHANGE_EVERY_MS = 100;
const POLL_MS = 40;
/** Longest that a change is waited for: it is lost then. */
const PATIENCE_MS = 30_000;
const MAX_BACKENDS = 5;
const MAX_HOSTS = 12;

const document = (value: unknown): string => JSON.stringify(value);

function ingress(name: string, host: string, service: string, paths: readonly string[], annotations: object, tls = "") {
  const prefixed = Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]);
  return document({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations: Object.fromEntries(prefixed) },
    spec: {
      ingressClassName: "nginx",
      ...tls === "" ? {} : { tls: [{ hosts: [host], secretName: tls }] },
      rules: [{
        host,
        http: {
          paths: paths.map((path) => ({
            path,
            pathType: "Prefix",
            backend: { service: { name: service, port: { number: 80 } } },
          })),
        },
      }],
    },
  });
}

/** `ports` of the endpoints on loopback. */
function service(name: string, ports: readonly number[]): string {
  const slices = ports.map((port) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-${port}`, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["127.0.0.1"] }],
    ports: [{ port }],
  }));
  return [{ apiVersion: "v1", kind: "Service", metadata: { name }, spec: { ports: [{ port: 80 }] } }, ...slices]
    .map(document).join("\n---\n");
}

async function startBackend(): Promise<EchoServer> {
  const server = new EchoServer({ name: "storm", address: "127.0.0.1", port: 0 });
  await server.start();
  return server;
}

/** Writes the manifests, starts and stops the backends. */
export class Churn {
  changes = 0;
  readonly #random: Random;
  readonly #pairs: readonly KeyPair[];
  readonly #outside = mkdtempSync(join(tmpdir(), "sallyport-storm-"));
  readonly #hosts: string[] = [];
  #folder = "";
  #statusPort = 0;
  #httpPort = 0;
  #backends: EchoServer[] = [];
  #sockets: EchoServer | undefined;
  #version = 0;
  #pair = 0;
  #serial = 0;
  /** The host that was removed last. */
  #gone = "never.example";

  constructor(random: Random, pairs: readonly KeyPair[]) {
    this.#random = random;
    this.#pairs = pairs;
  }

  /** The manifests to start with, by file name. */
  async begin(): Promise<Record<string, string>> {
    this.#backends = [await startBackend(), await startBackend()];
    this.#sockets = await startBackend();
    return {
      "config.yaml": this.#config(),
      "web.yaml": this.#web(),
      "stable.yaml": this.#stable(),
      "certificate.yaml": this.#certificate(),
      "sockets.yaml": [service("sockets", [this.#sockets.port]), this.#socketIngress()].join("\n---\n"),
    };
  }

  follow(sallyport: Sallyport): void {
    this.#folder = sallyport.folder;
    this.#statusPort = sallyport.ports.status;
    this.#httpPort = sallyport.ports.http;
  }

  /** Changes something until the storm is over; returns when the changes under way are done. */
  async blow(weather: Weather): Promise<void> {
    // Two tales that need several steps in order, told beside the changes that stand alone.
    const tales = [this.#endpoints(weather), this.#comingAndGoing(weather)];
    while (weather.going) {
      this.#changeOne();
      await sleep(CHANGE_EVERY_MS);
    }
    await Promise.all(tales);
  }

  #changeOne(): void {
    switch (this.#random(6)) {
      case 0:
        return this.#replace("config.yaml", this.#config());
      case 1:
        this.#pair++;
        return this.#replace("certificate.yaml", this.#certificate());
      case 2:
        return this.#replace(
          "sockets.yaml",
          [service("sockets", [this.#sockets!.port]), this.#socketIngress()].join("\n---\n"),
        );
      default:
        this.#version++;
        return this.#replace("stable.yaml", this.#stable());
    }
  }

  /** Endpoints come when their backend runs, which ends only when nobody is connected to it any more. */
  async #endpoints(weather: Weather): Promise<void> {
    while (weather.going) {
      await sleep(CHANGE_EVERY_MS * 3);
      if (this.#backends.length < 2 || (this.#backends.length < MAX_BACKENDS && this.#random(2) === 0)) {
        this.#backends.push(await startBackend());
        this.#replace("web.yaml", this.#web());
        continue;
      }
      const [leaving] = this.#backends.splice(this.#random(this.#backends.length), 1);
      this.#replace("web.yaml", this.#web());
      await this.#until(
        weather,
        "an endpoint to leave",
        async () => !(await this.#told()).includes(`"${leaving!.port}"`),
      );
      await this.#until(weather, "an endpoint to be drained", () => leaving!.connections === 0);
      await leaving!.close();
    }
  }

  /** A host is served by all from the moment it counts as applied, and by none after it counts as removed. */
  async #comingAndGoing(weather: Weather): Promise<void> {
    while (weather.going) {
      await sleep(CHANGE_EVERY_MS * 2);
      const removes = this.#hosts.length >= MAX_HOSTS || (this.#hosts.length > 0 && this.#random(2) === 0);
      const host = removes ? this.#hosts.splice(this.#random(this.#hosts.length), 1)[0]! : `h${++this.#serial}.example`;
      if (removes) {
        this.#gone = host;
        this.#remove(`${host}.yaml`);
      } else {
        this.#hosts.push(host);
        this.#replace(`${host}.yaml`, ingress(host.replace(".", "-"), host, "web", ["/"], {}));
      }
      await this.#until(weather, `${host} to change`, async () => (await this.#knowsHost(host)) !== removes);
      await this.#expect(weather, host, removes ? 404 : 200);
    }
  }

  async #expect({ judge }: Weather, host: string, wanted: number): Promise<void> {
    const connection = new Connection({ port: this.#httpPort, tls: false, host });
    try {
      const { status } = await connection.ask("GET", "/");
      if (status === wanted) judge.count(`host ${wanted}`);
      else judge.fail(`${host} answers by ${status}, wanted ${wanted}`);
    } catch (error) {
      judge.lost("host", connection, error);
    } finally {
      connection.close();
    }
  }

  async #told(): Promise<string> {
    return (await ask(this.#statusPort, "/configuration/backends")).body;
  }

  async #knowsHost(host: string): Promise<boolean> {
    return host in JSON.parse((await ask(this.#statusPort, "/configuration")).body).virtualHosts;
  }

  async #until({ judge }: Weather, what: string, test: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!await test()) {
      if (performance.now() > deadline) return judge.fail(`waited in vain for ${what}`);
      await sleep(POLL_MS);
    }
  }

  /** The last changes, and what every worker has to serve after them. */
  async settle(
    weather: Weather,
  ): Promise<{ version: string; certificate: KeyPair; hosts: readonly string[]; gone: string }> {
    this.#version++;
    this.#pair++;
    this.#replace("certificate.yaml", this.#certificate());
    this.#replace("stable.yaml", this.#stable("/last"));
    const last = `last${this.#serial}.example`;
    this.#hosts.push(last);
    await this.#until(weather, "the last version", async () => {
      return (await ask(this.#statusPort, "/configuration")).body.includes('"/last"');
    });
    this.#replace(`${last}.yaml`, ingress("last", last, "web", ["/"], {}));
    await this.#until(weather, "the last host", () => this.#knowsHost(last));
    return {
      version: String(this.#version),
      certificate: this.#pairAt(this.#pair),
      hosts: this.#hosts,
      gone: this.#gone,
    };
  }

  async end(): Promise<void> {
    for (const server of [...this.#backends, this.#sockets]) await server?.close();
    rmSync(this.#outside, { recursive: true, force: true });
  }

  /** In one step, as volumes of ConfigMaps do. */
  #replace(name: string, text: string): void {
    this.changes++;
    const other = join(this.#outside, name);
    writeFileSync(other, text);
    renameSync(other, join(this.#folder, name));
  }

  #remove(name: string): void {
    this.changes++;
    rmSync(join(this.#folder, name));
  }

  #pairAt(n: number): KeyPair {
    return this.#pairs[n % this.#pairs.length]!;
  }

  #certificate(): string {
    const { certificatePem, privateKeyPem } = this.#pairAt(this.#pair);
    return document({
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/tls",
      metadata: { name: "stable-tls" },
      stringData: { "tls.crt": certificatePem, "tls.key": privateKeyPem },
    });
  }

  #config(): string {
    const { of } = this.#random;
    return document({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "storm" },
      data: {
        "allow-snippet-annotations": "true",
        "annotations-risk-level": "Critical",
        "worker-shutdown-timeout": "5s",
        "ssl-redirect": "false",
        "proxy-read-timeout": of(["60", "61", "62"]),
        "load-balance": of(["round_robin", "ewma"]),
        "use-gzip": of(["true", "false"]),
        "hsts-max-age": of(["100", "200"]),
        "upstream-keepalive-connections": of(["10", "320"]),
      },
    });
  }

  #web(): string {
    return service("web", this.#backends.map(({ port }) => port));
  }

  #stable(path = `/p${this.#random(20)}`): string {
    const { of } = this.#random;
    return ingress("stable", HOST, "web", ["/", path], {
      "configuration-snippet": `more_set_headers "X-Worker: $pid";\nmore_set_headers "X-Version: ${this.#version}";`,
      "proxy-buffering": of(["on", "off"]),
      "proxy-request-buffering": of(["on", "off"]),
      "enable-cors": of(["true", "false"]),
      ...of([{}, { "upstream-hash-by": "$request_uri" }]),
    }, "stable-tls");
  }

  #socketIngress(): string {
    return ingress("sockets", SOCKET_HOST, "sockets", ["/", `/p${this.#random(20)}`], {
      "configuration-snippet": 'more_set_headers "X-Worker: $pid";',
      "proxy-read-timeout": this.#random.of(["70", "80"]),
    });
  }
}
