/**
 * A certificate with a key of another kind than Sallyport's own ones have.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyPair } from "../../src/proxy/tls/context-cache.ts";

/** Self-signed, P-256, for `*.bench.example`; made by `openssl` in the folder. */
export function ecdsaCertificate(folder: string): KeyPair {
  const key = join(folder, "ecdsa.key");
  const certificate = join(folder, "ecdsa.crt");
  const names = ["-subj", "/CN=*.bench.example", "-addext", "subjectAltName=DNS:*.bench.example"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...kind, "-days", "90", ...names, "-keyout", key, "-out", certificate], {
    stdio: "ignore",
  });
  return { certificatePem: readFileSync(certificate, "utf8"), privateKeyPem: readFileSync(key, "utf8") };
}
