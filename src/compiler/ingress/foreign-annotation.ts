/**
 * Annotations whose prefix is none that is read: a misspelt one, one of another controller, or none at all.
 *
 * @module
 */
import { findAnnotation, findKnown } from "../../policy/mod.ts";
import { nearest } from "../../unit/mod.ts";

/** Finding about such an annotation. */
export interface ForeignAnnotation {
  /** `info`: another controller may well read it. */
  readonly severity: "error" | "warning" | "info";
  /** Why it is not read. */
  readonly why: string;
  readonly effect: string;
}

/** The prefix that everybody knows, whatever --annotations-prefix says. */
const DEFAULT_PREFIX = "nginx.ingress.kubernetes.io";
const CLASS = "kubernetes.io/ingress.class";
const F5 = "the NGINX Ingress Controller of F5";

/** Prefixes of those that people come from, or mistake for ours. */
const MISTAKEN: ReadonlyMap<string, string> = new Map([
  ["nginx.org", `it is of ${F5}`],
  ["nginx.com", `it is of ${F5}`],
  ["appprotect.f5.com", `it is of ${F5}`],
  ["appprotectdos.f5.com", `it is of ${F5}`],
  ["ingress.kubernetes.io", "its prefix is one that ingress-nginx has dropped"],
]);

/** Prefixes of other controllers, whose annotations often stand beside ours. */
const OTHERS: ReadonlyMap<string, string> = new Map([
  ["traefik.ingress.kubernetes.io", "Traefik"],
  ["ingress.traefik.io", "Traefik"],
  ["haproxy.org", "HAProxy"],
  ["ingress.haproxy.org", "HAProxy"],
  ["haproxy-ingress.github.io", "HAProxy Ingress"],
  ["haproxy.router.openshift.io", "OpenShift"],
  ["route.openshift.io", "OpenShift"],
  ["konghq.com", "Kong"],
  ["configuration.konghq.com", "Kong"],
  ["alb.ingress.kubernetes.io", "the AWS Load Balancer Controller"],
  ["appgw.ingress.kubernetes.io", "the Application Gateway Ingress Controller"],
  ["projectcontour.io", "Contour"],
  ["contour.heptio.com", "Contour"],
  ["k8s.apisix.apache.org", "Apache APISIX"],
  ["getambassador.io", "Emissary"],
  ["zalando.org", "Skipper"],
  ["higress.io", "Higress"],
  ["mse.ingress.kubernetes.io", "MSE"],
  ["ingress.citrix.com", "NetScaler"],
  ["networking.gke.io", "GKE"],
]);

/** The same names come with many Ingresses. Bounded, for names come from users. */
const remembered = new Map<string, ForeignAnnotation | undefined>();

/** `undefined`: nothing that anybody means for us. `name` does not begin with `prefix` and a slash. */
export function readForeignAnnotation(name: string, prefix: string): ForeignAnnotation | undefined {
  const key = `${prefix} ${name}`;
  if (remembered.has(key)) return remembered.get(key);
  if (remembered.size >= 1000) remembered.clear();
  const found = judge(name, prefix);
  remembered.set(key, found);
  return found;
}

function judge(name: string, prefix: string): ForeignAnnotation | undefined {
  const slash = name.indexOf("/");
  if (slash === -1) return withoutPrefix(name, prefix);
  if (name === CLASS) return undefined;
  const [its, key] = [name.slice(0, slash), name.slice(slash + 1)];
  const meant = isKnown(key) ? `; ${prefix}/${key} is read` : "";
  const mistaken = MISTAKEN.get(its) ?? (/\.nginx\.(?:org|com)$/.test(its) ? `it is of ${F5}` : undefined);
  if (mistaken !== undefined) return unread(key, `${mistaken}${meant}`);
  const other = OTHERS.get(its);
  if (other !== undefined) return { severity: "info", why: `it is of ${other}`, effect: "it has no effect here" };
  if (its === DEFAULT_PREFIX) return unread(key, `--annotations-prefix is "${prefix}"`);
  if (nearest(name, [CLASS]) !== undefined) {
    return { severity: "warning", why: `unknown annotation; the nearest known one is ${CLASS}`, effect: NO_EFFECT };
  }
  if (nearest(its, [prefix]) !== undefined || looksLikeOurs(its, key)) {
    return unread(key, `unknown prefix "${its}"; want "${prefix}"`);
  }
  return undefined;
}

const NO_EFFECT = "it has no effect";

/** As of an annotation that was meant for us. */
function unread(key: string, why: string): ForeignAnnotation {
  return { ...misplaced(key), why };
}

/** What it means that the annotation of this key, meant for us, is not read. */
export function misplaced(key: string): Pick<ForeignAnnotation, "severity" | "effect"> {
  return guards(key)
    ? { severity: "error", effect: "it has no effect: access is not restricted by it" }
    : { severity: "warning", effect: NO_EFFECT };
}

function isKnown(key: string): boolean {
  return findAnnotation(key) !== undefined || findKnown(key) !== undefined;
}

function guards(key: string): boolean {
  return findAnnotation(key)?.declaration.guardsAccess ?? findKnown(key)?.guardsAccess ?? false;
}

function withoutPrefix(name: string, prefix: string): ForeignAnnotation | undefined {
  if (isKnown(name)) return unread(name, `it has no prefix; want ${prefix}/${name}`);
  const rest = name.startsWith(prefix) ? name.slice(prefix.length + 1) : "";
  return rest === "" ? undefined : unread(rest, `there is no slash behind its prefix; want ${prefix}/${rest}`);
}

const PLATFORM = /^(?:kubernetes|k8s)$/;

/** `nginx.kubernetes.io/...`, `ingress-nginx.k8s.io/...`, or one of our names under a prefix of Kubernetes or an ingress. */
function looksLikeOurs(prefix: string, key: string): boolean {
  const labels = prefix.toLowerCase().split(/[.-]/);
  const isPlatform = labels.some((label) => PLATFORM.test(label));
  const isIngress = labels.includes("ingress");
  if (labels.includes("nginx")) return isPlatform || isIngress || isKnown(key);
  return (isPlatform || isIngress) && isKnown(key);
}
