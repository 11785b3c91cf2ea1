/** Certificates for the tests, made by openssl: an independent witness of what our own code makes and reads. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyPair } from "../../src/proxy/tls/context-cache.ts";

export interface Wanted {
  readonly names: readonly string[];
  readonly key?: "rsa" | "ecdsa";
  /** Puts an intermediate between the leaf and its own root: the PEM then holds leaf and intermediate. */
  readonly chain?: boolean;
}

export interface Made extends KeyPair {
  /** The root that the leaf leads to; the leaf itself without a chain. */
  readonly rootPem: string;
}

/** Makes a certificate whose subject is the first name. */
export function makeCertificate(wanted: Wanted): Made {
  const dir = mkdtempSync(join(tmpdir(), "certificates-"));
  const run = (...args: string[]): void => void execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
  const read = (file: string): string => readFileSync(join(dir, file), "utf8");
  const key = wanted.key === "rsa" ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const names = wanted.names.map((name) => `DNS:${name}`).join(",");
  const sign = (file: string, subject: string, extension: string, issuer: string | null): void =>
    run(
      ...["req", "-x509", "-newkey", ...key, "-nodes", "-keyout", `${file}.key`, "-out", `${file}.crt`, "-days", "30"],
      ...["-subj", `/CN=${subject}`, "-addext", extension],
      ...(issuer === null ? [] : ["-CA", `${issuer}.crt`, "-CAkey", `${issuer}.key`]),
    );
  try {
    const subject = wanted.names[0] ?? "";
    if (wanted.chain !== true) {
      sign("leaf", subject, `subjectAltName=${names}`, null);
      return { certificatePem: read("leaf.crt"), privateKeyPem: read("leaf.key"), rootPem: read("leaf.crt") };
    }
    sign("root", "Test Root", "keyUsage=critical,keyCertSign", null);
    sign("mid", "Test Intermediate", "keyUsage=critical,keyCertSign", "root");
    run(
      ...["req", "-newkey", ...key, "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", `/CN=${subject}`],
      ...["-addext", `subjectAltName=${names}`],
    );
    run(
      ...["x509", "-req", "-in", "leaf.csr", "-CA", "mid.crt", "-CAkey", "mid.key", "-CAcreateserial", "-days", "30"],
      ...["-copy_extensions", "copy", "-out", "leaf.crt"],
    );
    return {
      certificatePem: read("leaf.crt") + read("mid.crt"),
      privateKeyPem: read("leaf.key"),
      rootPem: read("root.crt"),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
