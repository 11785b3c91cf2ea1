/**
 * Small makers of objects and options for the compiler.
 *
 * @module
 */
import { COMPILER_DEFAULTS, type CompilerOptions } from "../../src/compiler/contract.ts";
import type {
  ConfigMap,
  EndpointSlice,
  Ingress,
  IngressClass,
  IngressPath,
  IngressRule,
  Metadata,
  Secret,
  Service,
} from "../../src/kube/mod.ts";

/** Noon of the day that tests take place on: the certificates of test/fixture are valid then. */
export const NOW_MS: number = Date.UTC(2030, 0, 1, 12);

/** The defaults of the flags, ports 80 and 443. */
export function compilerOptions(options: Partial<CompilerOptions> = {}): CompilerOptions {
  return {
    ...COMPILER_DEFAULTS,
    now: () => NOW_MS,
    ...options,
  };
}

const source = { kind: "memory", name: "test" } as const;

/** metadata of `namespace/name`, or of a name in `default`. */
export function metadata(name: string, rest: Partial<Metadata> = {}): Metadata {
  const slash = name.indexOf("/");
  return {
    namespace: slash < 0 ? "default" : name.slice(0, slash),
    name: name.slice(slash + 1),
    uid: "",
    creationTimestampMs: 0,
    generation: 1,
    annotations: {},
    labels: {},
    ...rest,
  };
}

/** Host -> path -> `service` or `service:port`. A path may begin with `=` for Exact. */
export type Rules = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function backend(text: string): Extract<IngressPath["backend"], { kind: "service" }> {
  const [name = "", port = "80"] = text.split(":");
  return {
    kind: "service",
    name,
    port: /^[0-9]+$/.test(port) ? { kind: "number", number: Number(port) } : { kind: "name", name: port },
  };
}

/** Annotations are written without prefix. */
export function ingress(
  name: string,
  rules: Rules,
  rest: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly createdMs?: number;
    readonly tls?: Ingress["spec"]["tls"];
    readonly defaultBackend?: string;
    readonly className?: string;
  } = {},
): Ingress {
  const annotations = Object.fromEntries(
    Object.entries(rest.annotations ?? {}).map(([key, value]) => [
      key.includes("/") ? key : `nginx.ingress.kubernetes.io/${key}`,
      value,
    ]),
  );
  return {
    kind: "Ingress",
    source,
    metadata: metadata(name, { annotations, creationTimestampMs: rest.createdMs ?? 0 }),
    spec: {
      ingressClassName: rest.className ?? "nginx",
      defaultBackend: rest.defaultBackend === undefined ? null : backend(rest.defaultBackend),
      tls: rest.tls ?? [],
      rules: Object.entries(rules).map(([host, paths]): IngressRule => ({
        host,
        paths: Object.entries(paths).map(([path, to]): IngressPath => ({
          path: path.startsWith("=") ? path.slice(1) : path,
          pathType: path.startsWith("=") ? "Exact" : "Prefix",
          backend: backend(to),
        })),
      })),
    },
  };
}

export function ingressClass(
  name: string,
  controller: string,
  annotations: Readonly<Record<string, string>> = {},
  createdMs = 0,
): IngressClass {
  return {
    kind: "IngressClass",
    source,
    metadata: { ...metadata(name), namespace: "", annotations, creationTimestampMs: createdMs },
    spec: { controller },
  };
}

/** Ports are written `80`, `80:8080` or `http=80:8080`. */
export function service(name: string, ports: readonly string[] = ["80"], rest: Partial<Service["spec"]> = {}): Service {
  return {
    kind: "Service",
    source,
    metadata: metadata(name),
    spec: {
      type: "ClusterIP",
      clusterIP: "10.96.0.1",
      externalName: "",
      ports: ports.map((text) => {
        const [portName, numbers] = text.includes("=") ? text.split("=") as [string, string] : ["", text];
        const [port = "80", target = port] = numbers.split(":");
        return {
          name: portName,
          protocol: "TCP",
          port: Number(port),
          targetPort: /^[0-9]+$/.test(target) ? Number(target) : target,
          appProtocol: "",
        };
      }),
      hasSelector: true,
      publishNotReadyAddresses: false,
      ...rest,
    },
  };
}

/** Slice `<service>-<suffix>` of ready addresses; `!` before an address makes it not ready. */
export function slice(
  serviceName: string,
  addresses: readonly string[],
  ports: readonly string[] = ["8080"],
  suffix = "x",
): EndpointSlice {
  const { namespace, name } = metadata(serviceName);
  return {
    kind: "EndpointSlice",
    source,
    metadata: metadata(`${namespace}/${name}-${suffix}`),
    serviceName: name,
    addressType: addresses.some((each) => each.includes(":")) ? "IPv6" : "IPv4",
    endpoints: addresses.map((address, i) => ({
      addresses: [address.replace("!", "")],
      ready: !address.startsWith("!"),
      serving: true,
      terminating: false,
      podName: `${name}-${i}`,
      zone: "",
      nodeName: "",
      forZones: [],
    })),
    ports: ports.map((text) => {
      const [portName, port] = text.includes("=") ? text.split("=") as [string, string] : ["", text];
      return { name: portName, protocol: "TCP", port: Number(port) };
    }),
  };
}

export function configMap(name: string, data: Readonly<Record<string, string>>): ConfigMap {
  return { kind: "ConfigMap", source, metadata: metadata(name), data: new Map(Object.entries(data)) };
}

export function secret(name: string, data: Readonly<Record<string, string>>): Secret {
  const encoder = new TextEncoder();
  return {
    kind: "Secret",
    source,
    metadata: metadata(name),
    type: "kubernetes.io/tls",
    data: new Map(Object.entries(data).map(([key, text]) => [key, encoder.encode(text)])),
  };
}
