/**
 * Writes a Secret with a self-signed certificate, valid for three months:
 *
 *     bun scripts/demo-certificate.ts NAMESPACE/SECRET HOST > secret.yaml
 */
import process from "node:process";
import { makeSelfSigned } from "../src/proxy/tls/self-signed.ts";

const [id = "", host = ""] = process.argv.slice(2);
const [namespace, name] = id.split("/");
const pair = await makeSelfSigned({ commonName: host, organization: "Sallyport demo", names: [host], days: 90 });
const secret = {
  apiVersion: "v1",
  kind: "Secret",
  type: "kubernetes.io/tls",
  metadata: { namespace, name },
  stringData: { "tls.crt": pair.certificatePem, "tls.key": pair.privateKeyPem },
};
process.stdout.write(`${JSON.stringify(secret, null, 2)}\n`);
