/**
 * Metrics of the certificates of hosts.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { MetricFamily, MetricSample } from "../observe/mod.ts";
import { CATCH_ALL, type Certificate, DEFAULT_CERTIFICATE, type Snapshot } from "../snapshot/snapshot.ts";

/** Facts about a certificate; it is parsed once. */
interface CertificateFacts {
  readonly serial: string;
  readonly organization: string;
  readonly commonName: string;
  readonly issuerSerial: string;
  readonly algorithm: string;
}

const known = new WeakMap<Certificate, CertificateFacts>();

/** Families with the expiry and the facts of each host's certificate. */
export function certificateFamilies(snapshot: Snapshot, controllerClass: string): MetricFamily[] {
  const ends: MetricSample[] = [];
  const infos: MetricSample[] = [];
  for (const { name, tls } of Object.values(snapshot.virtualHosts)) {
    if (tls.kind !== "terminate" || name === CATCH_ALL) continue;
    const certificate = snapshot.certificates[tls.certificate];
    if (certificate === undefined || certificate.id === DEFAULT_CERTIFICATE) continue;
    const facts = factsOf(certificate);
    const [namespace = "", secret = ""] = certificate.id.split("/");
    const labels = {
      namespace,
      class: controllerClass,
      host: name,
      secret_name: secret,
      identifier: `${facts.issuerSerial}-${facts.serial}`,
    };
    ends.push({ labels, value: Math.floor(certificate.notAfterMs / 1000) });
    infos.push({
      labels: {
        ...labels,
        issuer_organization: facts.organization,
        issuer_common_name: facts.commonName,
        serial_number: facts.serial,
        public_key_algorithm: facts.algorithm,
      },
      value: 1,
    });
  }
  return [
    {
      name: "nginx_ingress_controller_ssl_expire_time_seconds",
      help: "End of the certificate that a host is served with, seconds since the epoch.",
      type: "gauge",
      samples: ends,
    },
    {
      name: "nginx_ingress_controller_ssl_certificate_info",
      help: "Always 1; the labels tell of the certificate that a host is served with.",
      type: "gauge",
      samples: infos,
    },
  ];
}

const ALGORITHMS: Readonly<Record<string, string>> = { rsa: "RSA", ec: "ECDSA", ed25519: "Ed25519" };

function factsOf(certificate: Certificate): CertificateFacts {
  let facts = known.get(certificate);
  if (facts === undefined) {
    const x509 = new X509Certificate(certificate.certificatePem);
    const issuer = new Map(
      x509.issuer.split("\n").map((line) => {
        const equals = line.indexOf("=");
        return [line.slice(0, equals), line.slice(equals + 1)];
      }),
    );
    facts = {
      // ingress-nginx writes the serial number in decimal.
      serial: BigInt(`0x${x509.serialNumber}`).toString(),
      organization: issuer.get("O") ?? "",
      commonName: issuer.get("CN") ?? "",
      issuerSerial: issuer.get("serialNumber") ?? "",
      algorithm: ALGORITHMS[x509.publicKey.asymmetricKeyType ?? ""] ?? "unknown",
    };
    known.set(certificate, facts);
  }
  return facts;
}
