/**
 * dist/sallyport on a folder of manifests: an Ingress for each host, a Service for each path.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyPair } from "../../src/proxy/tls/context-cache.ts";
import {
  hosts,
  PATHS,
  paths,
  PATTERNS,
  patterns,
  type Peer,
  type PeerCommand,
  type PeerOptions,
  type Workload,
} from "./workload.ts";

/** @param executable path of it */
export function sallyport(executable: string, name: string): Peer {
  return { name, prepare: (workload, options) => prepare(executable, name, workload, options) };
}

function prepare(executable: string, peer: string, workload: Workload, options: PeerOptions): PeerCommand {
  const folder = join(workload.folder, peer);
  const manifests = join(folder, "manifests");
  mkdirSync(manifests, { recursive: true });
  const services = Array.from({ length: PATHS }, (_, i) => service(`service-${i}`, workload.backendPort)).flat();
  writeManifest(manifests, "services", [
    ...services,
    ...configuration(workload.certificate, options.log, {
      "proxy-request-buffering": options.requestBuffering ? "on" : "off",
      ...options.gzipLevel === undefined ? {} : { "use-gzip": "true", "gzip-level": String(options.gzipLevel) },
    }),
  ]);
  const routes = paths().map((path, i) => [path, `service-${i}`] as const);
  writeManifest(manifests, "ingresses", hosts().map((host) => ingress(host, routes)));
  writeManifest(manifests, "patterns", [
    ingress(PATTERNS.host, patterns().map((pattern) => [pattern, "service-0"] as const), true),
  ]);
  return {
    // Bodies that are kept go to the same disk as nginx's.
    command: [
      "env",
      `TMPDIR=${folder}`,
      ...sallyportCommand(executable, manifests, options.httpPort, options.httpsPort, options.workers ?? 0),
    ],
    stdout: join(folder, "access.log"),
  };
}

/** The health and status ports follow the two given. */
export function sallyportCommand(
  executable: string,
  manifests: string,
  http: number,
  https: number,
  workers = 0,
): string[] {
  const ports = { "http-port": http, "https-port": https, "healthz-port": https + 1, "status-port": https + 2 };
  return [
    executable,
    ...["--manifests", manifests, "--bind-address", "127.0.0.1", "--workers", String(workers)],
    ...["--configmap", "default/controller", "--default-ssl-certificate", "default/bench"],
    ...Object.entries(ports).flatMap(([flag, port]) => [`--${flag}`, String(port)]),
  ];
}

/** The certificate of all hosts, and the settings. */
export function configuration(
  certificate: KeyPair,
  log: boolean,
  settings: Readonly<Record<string, string>> = {},
): Manifest[] {
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/tls",
      metadata: name("bench"),
      stringData: { "tls.crt": certificate.certificatePem, "tls.key": certificate.privateKeyPem },
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: name("controller"),
      // Plain and TLS requests go to the same hosts.
      data: {
        "ssl-redirect": "false",
        "disable-access-log": String(!log),
        "proxy-body-size": "64m",
        ...settings,
      },
    },
  ];
}

/** An object of a manifest. */
export type Manifest = Readonly<Record<string, unknown>>;

function name(name: string): Manifest {
  return { name, namespace: "default" };
}

/** A Service of port 80 with one endpoint on 127.0.0.1. */
export function service(serviceName: string, port: number): Manifest[] {
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: name(serviceName),
      spec: { ports: [{ port: 80, targetPort: port }] },
    },
    {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: name(serviceName),
      subsets: [{ addresses: [{ ip: "127.0.0.1" }], ports: [{ port }] }],
    },
  ];
}

/**
 * @param routes path and Service
 * @param regex paths are regular expressions
 */
export function ingress(
  host: string,
  routes: readonly (readonly [path: string, service: string])[],
  regex = false,
): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: regex ? { ...name(host), annotations: { "nginx.ingress.kubernetes.io/use-regex": "true" } } : name(host),
    spec: {
      ingressClassName: "nginx",
      tls: [{ hosts: [host], secretName: "bench" }],
      rules: [{
        host,
        http: {
          paths: routes.map(([path, service]) => ({
            path,
            pathType: regex ? "ImplementationSpecific" : "Prefix",
            backend: { service: { name: service, port: { number: 80 } } },
          })),
        },
      }],
    },
  };
}

/** JSON is YAML, and quicker to write. */
export function writeManifest(folder: string, file: string, objects: readonly Manifest[]): void {
  writeFileSync(join(folder, `${file}.yaml`), objects.map((object) => JSON.stringify(object)).join("\n---\n"));
}
