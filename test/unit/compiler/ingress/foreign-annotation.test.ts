import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createCompiler } from "../../../../src/compiler/mod.ts";
import { Store } from "../../../../src/kube/mod.ts";
import { compilerOptions, ingress, service, slice } from "../../../support/compiler.ts";

/** `severity message; effect` of each finding about an Ingress with one annotation. */
function told(name: string, value = "x", annotationsPrefix = "nginx.ingress.kubernetes.io"): string[] {
  const app = ingress("app", { "a.example": { "/": "echo" } });
  const store = new Store();
  store.apply({
    put: [
      { ...app, metadata: { ...app.metadata, annotations: { [name]: value } } },
      service("echo", ["80:8080"]),
      slice("echo", ["10.0.0.1"]),
    ],
    remove: [],
  });
  const { diagnostics } = createCompiler(compilerOptions({ annotationsPrefix })).compile(store, []);
  return diagnostics.map(({ severity, message, effect, annotation }) => {
    assert.equal(annotation, name);
    return `${severity} ${message}; ${effect}`;
  });
}

const OURS = "nginx.ingress.kubernetes.io";

describe("compile() names annotations that are not read", () => {
  const MISSPELT = [
    "nginx.ingress.kubernets.io",
    "nginx.ingres.kubernetes.io",
    "ngnix.ingress.kubernetes.io",
    "nginx.ingress.kubernetes.com",
    "nginx.ingress.kubernetes",
    "nginx.kubernetes.io",
    "ingress-nginx.kubernetes.io",
    "nginx.ingress.k8s.io",
    "ingress.nginx.kubernetes.io",
    "kubernetes.io",
  ];
  for (const prefix of MISSPELT) {
    test(`of the misspelt prefix ${prefix}`, () => {
      assert.deepEqual(told(`${prefix}/rewrite-target`), [
        `warning read ${prefix}/rewrite-target: unknown prefix "${prefix}"; want "${OURS}"; it has no effect`,
      ]);
    });
  }

  const F5 = "it is of the NGINX Ingress Controller of F5";
  const FORMER = "its prefix is one that ingress-nginx has dropped";
  const OTHERS: readonly [name: string, told: string][] = [
    ["nginx.org/client-max-body-size", `warning read nginx.org/client-max-body-size: ${F5}; it has no effect`],
    ["nginx.com/sticky-cookie-services", `warning read nginx.com/sticky-cookie-services: ${F5}; it has no effect`],
    [
      "ingress.kubernetes.io/rewrite-target",
      `warning read ingress.kubernetes.io/rewrite-target: ${FORMER}; ${OURS}/rewrite-target is read; it has no effect`,
    ],
    [
      "ingress.kubernetes.io/whitelist-source-range",
      `error read ingress.kubernetes.io/whitelist-source-range: ${FORMER}; ${OURS}/whitelist-source-range is read; ` +
      "it has no effect: access is not restricted by it",
    ],
    ["rewrite-target", `warning read rewrite-target: it has no prefix; want ${OURS}/rewrite-target; it has no effect`],
    [
      `${OURS}.rewrite-target`,
      `warning read ${OURS}.rewrite-target: there is no slash behind its prefix; want ${OURS}/rewrite-target; ` +
      "it has no effect",
    ],
    [
      "kubernetes.io/ingress-class",
      "warning read kubernetes.io/ingress-class: unknown annotation; the nearest known one is " +
      "kubernetes.io/ingress.class; it has no effect",
    ],
    [
      "traefik.ingress.kubernetes.io/affinity",
      "info read traefik.ingress.kubernetes.io/affinity: it is of Traefik; it has no effect here",
    ],
    ["haproxy.org/ssl-redirect", "info read haproxy.org/ssl-redirect: it is of HAProxy; it has no effect here"],
  ];
  for (const [name, expected] of OTHERS) test(`such as ${name}`, () => assert.deepEqual(told(name), [expected]));

  test("of a misspelt prefix where they guard access, as errors", () => {
    assert.match(told("nginx.ingress.kubernets.io/auth-url").join(), /^error .* access is not restricted by it$/);
  });

  test("of the usual prefix where --annotations-prefix is another one", () => {
    assert.deepEqual(told(`${OURS}/rewrite-target`, "/", "custom.example"), [
      `warning read ${OURS}/rewrite-target: --annotations-prefix is "custom.example"; it has no effect`,
    ]);
  });

  for (
    const name of [
      "kubernetes.io/ingress.allow-http",
      "kubernetes.io/ingress.global-static-ip-name",
      "cert-manager.io/cluster-issuer",
      "kubernetes.io/tls-acme",
      "acme.cert-manager.io/http01-edit-in-place",
      "external-dns.alpha.kubernetes.io/hostname",
      "kubectl.kubernetes.io/last-applied-configuration",
      "meta.helm.sh/release-name",
      "field.cattle.io/publicEndpoints",
      "nginx.example.com/owner",
      "flagger.app/canary",
      "description",
    ]
  ) {
    test(`but not ${name}`, () => assert.deepEqual(told(name), []));
  }
});
