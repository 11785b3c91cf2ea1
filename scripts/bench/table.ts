/**
 * From samples to a table in Markdown.
 */
import type { Burst } from "./load.ts";

/** One burst against one proxy. */
export interface Sample extends Burst {
  readonly peer: string;
  /** Processor time of the proxy during the burst. */
  readonly cpuMs: number;
  readonly residentBytes: number;
  readonly seconds: number;
}

/** All bursts against one proxy: medians, but for the failures, which are summed. */
export interface Summary {
  readonly peer: string;
  /** Processor time per unit, as a multiple of that of the reference in the same round. */
  readonly ratio: number;
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentBytes: number;
  /** Units a second. */
  readonly rate: number;
  readonly units: number;
  readonly failures: number;
}

/** Samples come in rounds: the n-th of a peer is compared with the n-th of the reference. */
export function summarise(samples: readonly Sample[], reference: string): Summary[] {
  const of = (peer: string): Sample[] => samples.filter((sample) => sample.peer === peer);
  const perUnit = (sample: Sample): number => 1000 * sample.cpuMs / Math.max(1, sample.units);
  const references = of(reference).map(perUnit);
  return [...new Set(samples.map((sample) => sample.peer))].map((peer) => {
    const own = of(peer);
    return {
      peer,
      ratio: median(own.map((sample, round) => perUnit(sample) / (references[round] ?? NaN))),
      cpuMicroseconds: median(own.map(perUnit)),
      p50Ms: median(own.map((sample) => sample.p50Ms)),
      p99Ms: median(own.map((sample) => sample.p99Ms)),
      residentBytes: Math.max(...own.map((sample) => sample.residentBytes)),
      rate: median(own.map((sample) => sample.units / sample.seconds)),
      units: own.reduce((sum, sample) => sum + sample.units, 0),
      failures: own.reduce((sum, sample) => sum + sample.errors + sample.badStatuses, 0),
    };
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** @param unit what is counted: `request` */
export function table(title: string, unit: string, rows: readonly Summary[]): string {
  return [
    `| ${title} | CPU per ${unit} | ratio | ${unit}s/s | p50 | p99 | memory | ${unit}s | failed |`,
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ...rows.map((row) =>
      `| ${row.peer} | ${row.cpuMicroseconds.toFixed(1)} µs | ${row.ratio.toFixed(2)} | ${row.rate.toFixed(0)} | ${
        row.p50Ms.toFixed(1)
      } ms | ` +
      `${row.p99Ms.toFixed(1)} ms | ${(row.residentBytes / 1e6).toFixed(0)} MB | ${
        Math.round(row.units)
      } | ${row.failures} |`
    ),
  ].join("\n");
}
