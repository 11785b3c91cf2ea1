/**
 * Flags that change what is compiled; `run` and `check` share them.
 *
 * @module
 */
import { bool, objectName, port, text } from "./kind.ts";

const group = "Ingresses";

/** By name, in the order of help. */
export const COMPILE_FLAGS = {
  "ingress-class": text("NAME", "nginx", {
    group,
    doc: "Class that the annotation kubernetes.io/ingress.class must name, and name of the IngressClass for " +
      "--ingress-class-by-name. Without any IngressClass in the manifests, spec.ingressClassName may name it too.",
  }),
  "controller-class": text("NAME", "k8s.io/ingress-nginx", {
    group,
    doc: "IngressClasses whose spec.controller has this value are served.",
  }),
  "ingress-class-by-name": bool(false, {
    group,
    doc: "Serve the IngressClass that is named as --ingress-class, whatever its controller.",
  }),
  "watch-ingress-without-class": bool(false, {
    group,
    doc: "Serve Ingresses that name no class at all, too.",
  }),
  "watch-namespace": text("NAMESPACE", "", {
    group,
    doc: "Serve the Ingresses of this namespace only. Excludes --watch-namespace-selector.",
  }),
  "watch-namespace-selector": text("SELECTOR", "", {
    group,
    doc: "Serve the Ingresses of namespaces whose labels match, e.g. team=web,stage!=test.",
  }),
  "configmap": objectName({
    group,
    doc: "ConfigMap with the global settings, read from the manifests.",
  }),
  "default-backend-service": objectName({
    group,
    doc: "Service (its first port) for hosts and paths that no Ingress names. Without it they are answered 404.",
  }),
  "default-ssl-certificate": objectName({
    group,
    doc: "TLS Secret for hosts without a usable one. Without it a self-signed certificate is made at the start.",
  }),
  "annotations-prefix": text("PREFIX", "nginx.ingress.kubernetes.io", {
    group,
    doc: "Prefix of the annotations that are read.",
  }),
  "enable-annotation-validation": bool(true, {
    group,
    doc: "Check the values of annotations against what is known to be safe.",
  }),
  "deep-inspect": bool(true, {
    group,
    doc: "Refuse Ingresses whose hosts, paths or TLS entries contain suspicious fragments.",
  }),
  "disable-catch-all": bool(false, {
    group,
    doc: "Ignore Ingresses that have a spec.defaultBackend.",
  }),
  "disable-svc-external-name": bool(false, {
    group,
    doc: "Treat Services of type ExternalName as having no endpoints.",
  }),
  "enable-topology-aware-routing": bool(false, {
    group,
    doc: "Prefer endpoints that hint at --zone, on Services that ask for it.",
  }),
  "zone": text("NAME", "", {
    group,
    doc: "Zone of this machine, as topology.kubernetes.io/zone names it.",
  }),
  "tcp-services-configmap": objectName({
    group,
    state: "not-yet",
    doc: "ConfigMap of TCP services: port to namespace/service:port.",
  }),
  "udp-services-configmap": objectName({
    group,
    state: "not-yet",
    doc: "ConfigMap of UDP services: port to namespace/service:port.",
  }),
  "enable-ssl-chain-completion": bool(false, {
    group,
    state: "not-yet",
    doc: "Fetch intermediate certificates that a Secret lacks.",
  }),
};

/** Flags of listening that the compiler needs, for redirects and listeners. */
export const LISTEN_FLAGS = {
  "http-port": port(80, { group: "Listening", doc: "Port of HTTP." }),
  "https-port": port(443, { group: "Listening", doc: "Port of HTTPS." }),
  "enable-ssl-passthrough": bool(false, {
    group: "Listening",
    state: "not-yet",
    doc: "Honour the annotation ssl-passthrough. Without it the annotation has no effect, and TLS is terminated.",
  }),
  "ssl-passthrough-proxy-port": port(442, {
    group: "Listening",
    state: "not-yet",
    doc: "Port between passthrough and TLS termination.",
  }),
};

/** The status port, which no endpoint on this machine may use. */
export const STATUS_FLAGS = {
  "status-port": port(10246, {
    group: "Health, status and metrics",
    doc: "Port on 127.0.0.1 for the configuration in force and its diagnostics.",
  }),
};
