import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAnnotations } from "../../../../src/compiler/ingress/annotations.ts";
import type { Ingress } from "../../../../src/kube/mod.ts";

const SETTINGS = { allowSnippets: true, blocklist: [], maxRisk: "Critical", allowCrossNamespace: false } as const;

function read(annotations: Readonly<Record<string, string>>, enableSslPassthrough = false) {
  const prefix = "nginx.ingress.kubernetes.io";
  const ingress: Ingress = {
    kind: "Ingress",
    metadata: {
      namespace: "default",
      name: "app",
      uid: "",
      creationTimestampMs: 0,
      generation: 0,
      annotations: Object.fromEntries(Object.entries(annotations).map(([key, text]) => [`${prefix}/${key}`, text])),
      labels: {},
    },
    source: { kind: "file", file: "app.yaml", line: 1, column: 1 },
    spec: { ingressClassName: "nginx", defaultBackend: null, rules: [], tls: [] },
  };
  return readAnnotations(ingress, SETTINGS, {
    annotationsPrefix: prefix,
    enableAnnotationValidation: true,
    enableSslPassthrough,
  });
}

describe("readAnnotations()", () => {
  it("takes a value of service-upstream that is no boolean for false", () => {
    const { values, diagnostics } = read({ "service-upstream": "maybe" });
    assert.equal(values.get("service-upstream"), "false");
    assert.deepEqual(diagnostics.map(({ reason, effect }) => [reason, effect]), [
      ["InvalidAnnotation", 'it counts as "false"'],
    ]);
  });

  it("only notes ssl-passthrough without --enable-ssl-passthrough", () => {
    const { denied, diagnostics } = read({ "ssl-passthrough": "true" });
    assert.equal(denied, null);
    assert.deepEqual(diagnostics.map(({ severity, message }) => [severity, message]), [
      ["info", "read ssl-passthrough: --enable-ssl-passthrough is not given"],
    ]);
  });

  it("closes the locations of ssl-passthrough with the flag, as nobody honours it yet", () => {
    const { denied, diagnostics } = read({ "ssl-passthrough": "true" }, true);
    assert.equal(denied, "read ssl-passthrough: it is not honoured yet");
    assert.equal(diagnostics[0]?.severity, "error");
  });
});
