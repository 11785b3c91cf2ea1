/**
 * Flags of ingress-nginx that are accepted and have no effect on objects from files.
 *
 * @module
 */
import type { FlagFacts } from "./declaration.ts";
import { bool, duration, integer, objectName, port, text, words } from "./kind.ts";

const cluster = (doc: string): FlagFacts => ({ group: "Kubernetes API", state: "cluster-only", doc });
const idle = (doc: string): FlagFacts => ({ group: "Accepted for compatibility", state: "no-effect", doc });

/** Flags that concern the Kubernetes API. */
export const CLUSTER_FLAGS = {
  "apiserver-host": text("URL", "", cluster("Address of the API server.")),
  "certificate-authority": text("FILE", "", cluster("CA of the API server.")),
  "kubeconfig": text("FILE", "", cluster("Credentials and address of the API server.")),
  "sync-period": duration(0, cluster("How often everything is listed anew.")),
  "publish-service": objectName(
    cluster("Service whose addresses the status of Ingresses gets. Excludes --publish-status-address."),
  ),
  "publish-status-address": words([], cluster("Addresses that the status of Ingresses gets.")),
  "update-status": bool(true, cluster("Write addresses to the status of Ingresses.")),
  "update-status-on-shutdown": bool(true, cluster("Take the addresses away at the end.")),
  "status-update-interval": integer("SECONDS", 60, cluster("How often the status is written.")),
  "report-node-internal-ip-address": bool(false, cluster("Write internal addresses of nodes.")),
  "election-id": text("NAME", "ingress-controller-leader", cluster("Lease of the leader election.")),
  "election-ttl": duration(30_000, cluster("Length of the lease.")),
  "disable-leader-election": bool(false, cluster("No leader election, and no status.")),
  "disable-sync-events": bool(false, cluster("Record no Events about Ingresses.")),
  "validating-webhook": text("HOST:PORT", "", cluster("Address of the admission webhook.")),
  "validating-webhook-certificate": text("FILE", "", cluster("Certificate of the webhook.")),
  "validating-webhook-key": text("FILE", "", cluster("Key of the webhook.")),
  "disable-full-test": bool(false, cluster("Admission looks at the new Ingress alone.")),
};

/** Flags about parts that do not exist here: nginx, Go's profiler, klog, GeoIP downloads. */
export const COMPATIBILITY_FLAGS = {
  "default-server-port": port(8181, idle("The built-in default backend needs no port here.")),
  "stream-port": port(10247, idle("There is no separate stream process here.")),
  "profiling": bool(true, idle("There is no Go profiler here.")),
  "profiler-port": port(10245, idle("There is no Go profiler here.")),
  "profiler-address": text("IP", "127.0.0.1", idle("There is no Go profiler here.")),
  "health-check-timeout": integer("SECONDS", 10, idle("The health check asks no other process here.")),
  "sync-rate-limit": text("NUMBER", "0.3", idle("Changes are applied as they come.")),
  "dynamic-configuration-retries": integer("N", 15, idle("Nothing is posted to another process here.")),
  "monitor-max-batch-size": integer("N", 10_000, idle("Requests are counted where they happen.")),
  "internal-logger-address": text("HOST:PORT", "127.0.0.1:11514", idle("The access log goes to standard output.")),
  "maxmind-mirror": text("URL", "", idle("There is no GeoIP here.")),
  "maxmind-license-key": text("KEY", "", idle("There is no GeoIP here.")),
  "maxmind-edition-ids": words(["GeoLite2-City", "GeoLite2-ASN"], idle("There is no GeoIP here.")),
  "maxmind-retries-count": integer("N", 1, idle("There is no GeoIP here.")),
  "maxmind-retries-timeout": duration(0, idle("There is no GeoIP here.")),
  "vmodule": text("PATTERN", "", idle("Flag of klog.")),
  "logtostderr": bool(true, idle("Flag of klog.")),
  "alsologtostderr": bool(false, idle("Flag of klog.")),
  "stderrthreshold": text("LEVEL", "2", idle("Flag of klog.")),
  "log_dir": text("DIR", "", idle("Flag of klog.")),
  "log_file": text("FILE", "", idle("Flag of klog.")),
  "log_file_max_size": integer("MB", 1800, idle("Flag of klog.")),
  "add_dir_header": bool(false, idle("Flag of klog.")),
  "skip_headers": bool(false, idle("Flag of klog.")),
  "skip_log_headers": bool(false, idle("Flag of klog.")),
  "one_output": bool(false, idle("Flag of klog.")),
  "log_backtrace_at": text("FILE:LINE", ":0", idle("Flag of klog.")),
};
