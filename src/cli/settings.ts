/**
 * Turns values of flags into options of the parts of the program, and refuses contradictions.
 *
 * @module
 */
import { type CompilerOptions, parseLabelSelector } from "../compiler/mod.ts";
import { isIp } from "../net/mod.ts";
import type { LogLevel } from "../observe/mod.ts";
import type { COMPILE_FLAGS } from "./flag/compile-flags.ts";
import type { FlagSet, FlagState, FlagValues } from "./flag/declaration.ts";
import { spell } from "./flag/help.ts";
import { type ParsedFlags, UsageError } from "./flag/parse.ts";
import type { RUN_FLAGS } from "./flag/run-flags.ts";

/** Parsed flags of `run`. */
export type RunFlags = ParsedFlags<typeof RUN_FLAGS>;

/** Ports that the compiler needs: those of redirects, and the one that no endpoint may use. */
interface CompilePorts {
  readonly http: number;
  readonly https: number;
  readonly status: number;
  /** --bind-address. Default: all addresses. */
  readonly bindAddress?: string;
}
type CompileValues = FlagValues<typeof COMPILE_FLAGS> & { readonly "enable-ssl-passthrough": boolean };

/** Flags of ports; no two may be the same. */
const PORTS = ["http-port", "https-port", "healthz-port", "status-port"] as const;

/** @throws {UsageError} when flags contradict each other or name no usable address. */
export function checkRunFlags({ values, rest }: RunFlags): void {
  if (rest.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(rest[0])}: run takes only flags`);
  if (values.manifests.length === 0) {
    throw new UsageError("flag --manifests is required: the folder of Kubernetes objects to serve");
  }
  checkCompileFlags(values);
  if (values["publish-service"] !== "" && values["publish-status-address"].length > 0) {
    throw new UsageError("flags --publish-service and --publish-status-address are mutually exclusive");
  }
  for (const name of ["bind-address", "healthz-host"] as const) {
    if (values[name] !== "" && !isIp(values[name])) {
      throw new UsageError(`invalid value ${JSON.stringify(values[name])} for --${name}: want an IP address`);
    }
  }
  if (!values["health-check-path"].startsWith("/")) {
    throw new UsageError(
      `invalid value ${JSON.stringify(values["health-check-path"])} for --health-check-path: want a path`,
    );
  }
  for (const [i, name] of PORTS.entries()) {
    const twin = PORTS.slice(0, i).find((other) => values[other] === values[name] && values[name] !== 0);
    if (twin !== undefined) throw new UsageError(`flags --${twin} and --${name} are the same port, ${values[name]}`);
  }
}

/** @throws {UsageError} when flags of the compiler contradict each other. */
export function checkCompileFlags(values: CompileValues): void {
  const selector = values["watch-namespace-selector"];
  if (selector !== "" && values["watch-namespace"] !== "") {
    throw new UsageError("flags --watch-namespace and --watch-namespace-selector are mutually exclusive");
  }
  if (parseLabelSelector(selector) === undefined) {
    throw new UsageError(
      `invalid value ${JSON.stringify(selector)} for --watch-namespace-selector: want a label selector`,
    );
  }
}

/** Returns the options of the compiler. Ports are those of the redirects. */
export function compilerOptions(values: CompileValues, ports: CompilePorts): CompilerOptions {
  return {
    ingressClass: values["ingress-class"],
    controllerClass: values["controller-class"],
    ingressClassByName: values["ingress-class-by-name"],
    watchIngressWithoutClass: values["watch-ingress-without-class"],
    configMap: values.configmap,
    defaultBackendService: values["default-backend-service"],
    defaultSslCertificate: values["default-ssl-certificate"],
    watchNamespace: values["watch-namespace"],
    watchNamespaceSelector: values["watch-namespace-selector"],
    annotationsPrefix: values["annotations-prefix"],
    enableAnnotationValidation: values["enable-annotation-validation"],
    enableSslPassthrough: values["enable-ssl-passthrough"],
    disableCatchAll: values["disable-catch-all"],
    disableSvcExternalName: values["disable-svc-external-name"],
    deepInspect: values["deep-inspect"],
    enableTopologyAwareRouting: values["enable-topology-aware-routing"],
    bindAddress: ports.bindAddress ?? "",
    httpPort: ports.http,
    httpsPort: ports.https,
    statusPort: ports.status,
    ...values.zone === "" ? {} : { zone: values.zone },
  };
}

/** Level of the log; `-v 2` and more mean debug. */
export function logLevel(values: { readonly "log-level": LogLevel; readonly v: number }): LogLevel {
  return values.v >= 2 ? "debug" : values["log-level"];
}

/** Names of the flags in `state` that were set to a value other than their default. */
export function givenInState<S extends FlagSet>(flags: S, parsed: ParsedFlags<S>, state: FlagState): string[] {
  return parsed.given
    .filter((name) => flags[name]!.state === state)
    .filter((name) => JSON.stringify(parsed.values[name]) !== JSON.stringify(flags[name]!.default))
    .map(spell);
}
