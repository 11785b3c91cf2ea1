/**
 * proxy-buffering and its sizes: how responses are held back for slow clients (nginx directives of the same names).
 *
 * The data plane reads the policy; no hooks. proxy-buffer-size also bounds the response head: a longer one gives 502.
 *
 * @module
 */
import { readInteger, readSize, readText, sharedDefaults } from "./_read.ts";
import { integer, oneOf, size } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const common = { scope: "location", risk: "Low", onInvalid: "ignore", guardsAccess: false } as const;

const annotations: readonly AnnotationDeclaration[] = [
  {
    ...common,
    key: "proxy-buffering",
    schema: oneOf("on", "off"),
    doc: "`on`: responses are taken from the endpoint as fast as it sends them, and kept for slow clients. " +
      "X-Accel-Buffering of a response (`yes`, `no`) overrules it. Default: that of the ConfigMap, off.",
  },
  {
    ...common,
    key: "proxy-buffer-size",
    schema: size,
    doc:
      "Longest response head; a longer one gives 502. Also the size of a buffer. Default: that of the ConfigMap, 4k.",
  },
  {
    ...common,
    key: "proxy-buffers-number",
    schema: integer,
    doc:
      "Number of buffers of a response, times their size: how much of it is kept in memory. Default: that of the ConfigMap, 4.",
  },
  {
    ...common,
    key: "proxy-busy-buffers-size",
    schema: size,
    doc: "Without effect, and told: what is on its way to the client never keeps the response from being read.",
  },
  {
    ...common,
    key: "proxy-max-temp-file-size",
    schema: size,
    doc: "How much of a buffered response may be kept in a file beyond its buffers; 0: nothing. Then " +
      "the endpoint waits for the client. Default: that of the ConfigMap, 1024m.",
  },
];

/** On every location. */
export interface ProxyBufferingPolicy {
  readonly enabled: boolean;
  readonly bufferBytes: number;
  readonly buffers: number;
  /** 0: never in a file. */
  readonly maxTempFileBytes: number;
}

export const proxyBuffering = {
  name: "proxy-buffering",
  scope: "location",
  phase: "access",
  withoutIngress: true,
  annotations,
  parse: sharedDefaults(annotations.map(({ key }) => key), (input): ProxyBufferingPolicy => {
    const text = readText(input, "proxy-buffering") ?? input.config.get("proxy-buffering");
    const buffers = readInteger(input, "proxy-buffers-number") ?? input.config.get("proxy-buffers-number");
    if (readText(input, "proxy-busy-buffers-size") !== undefined) {
      input.report({
        reason: "AnnotationNotHonoured",
        severity: "info",
        annotation: "proxy-busy-buffers-size",
        message: "read proxy-busy-buffers-size: it tunes what is not used here",
        effect: "it has no effect",
      });
    }
    const bufferBytes = Math.max(1, readSize(input, "proxy-buffer-size"));
    return {
      enabled: text === "on",
      bufferBytes,
      buffers: Math.max(1, buffers),
      maxTempFileBytes: readSize(input, "proxy-max-temp-file-size"),
    };
  }),
} satisfies PolicyModule<ProxyBufferingPolicy, "proxy-buffering">;
