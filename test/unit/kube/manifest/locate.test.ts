import assert from "node:assert/strict";
import { test } from "node:test";
import type { Diagnostic } from "../../../../src/diagnostic.ts";
import { locateDiagnostics } from "../../../../src/kube/mod.ts";
import { fileSource, ingressText, TempFolder } from "../../../support/manifest-folder.ts";

const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: b
  annotations:
    nginx.ingress.kubernetes.io/app-root: x
spec:
  rules: [{host: b.example}]
`;

test("locateDiagnostics() has findings point at their annotation or field", async (t) => {
  const folder = new TempFolder(t);
  const indented = INGRESS.replace(/^(?=.)/gm, "  ").replace("  ", "- ");
  folder.write("a.yaml", `${ingressText("a", "a.example")}---\n${INGRESS}---\nkind: List\nitems:\n${indented}`);
  const file = folder.at("a.yaml");
  const finding = (name: string, line: number, rest: Partial<Diagnostic>): Diagnostic => ({
    reason: "X",
    severity: "error",
    object: { kind: "Ingress", namespace: "default", name },
    message: "m",
    source: { kind: "file", file, line },
    ...rest,
  });
  const annotation = "nginx.ingress.kubernetes.io/app-root";
  const places = await locateDiagnostics([
    finding("a", 1, { field: "spec.rules[0].host" }),
    finding("b", 8, { annotation }),
    finding("b", 19, { annotation }),
    finding("b", 19, { field: "spec.rules[0].host" }),
    finding("b", 8, { annotation: "n.io/missing" }),
    finding("other", 8, { annotation }),
    finding("b", 8, {}),
    finding("b", 1, { field: "spec", source: { kind: "file", file: "/no/such/file", line: 1 } }),
  ]);
  assert.deepEqual(places.map(({ source }) => fileSource(source)).map(({ line, column }) => [line, column]), [
    [6, 18],
    [13, 43],
    [24, 45],
    [26, 20],
    [13, 5],
    [8, undefined],
    [8, undefined],
    [1, undefined],
  ]);
});
