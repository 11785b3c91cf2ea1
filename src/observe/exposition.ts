/**
 * Metrics in the text format of Prometheus.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4)
 * @module
 */

/** Content-Type of the text. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** One value with its labels. */
export interface MetricSample {
  /** Suffix of the family's name: `_bucket`, `_sum`, `_count` of histograms; empty otherwise. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All samples of one name. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly MetricSample[];
}

/** Families without samples are left out. */
export function formatMetrics(families: readonly MetricFamily[]): string {
  let text = "";
  for (const { name, help, type, samples } of families) {
    if (samples.length === 0) continue;
    text += `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`;
    for (const sample of samples) {
      text += `${name}${sample.suffix ?? ""}${formatLabels(sample.labels)} ${formatValue(sample.value)}\n`;
    }
  }
  return text;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs: string[] = [];
  for (const name in labels) {
    const value = labels[name]!.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
    pairs.push(`${name}="${value}"`);
  }
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function formatValue(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
