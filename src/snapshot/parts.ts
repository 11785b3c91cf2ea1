/**
 * The parts of a snapshot and their rules: key, comparison, order of sending, redaction. All code that handles whole
 * snapshots (differences, updates, parts for another process, redaction) uses this table. A new part is a field of
 * {@link PartValues} and a line in each list below; the type checker demands them.
 *
 * @module
 */
import { equalData } from "./equal.ts";
import { redactData } from "./redact-data.ts";
import type { Changes, Globals, PartValues, RecordChanges, RecordPart, SnapshotRecords } from "./snapshot.ts";

/** Rules of a part that is one value. */
export interface ValueRules<T> {
  /** True when two values are equal, so that nothing is sent. */
  equal(a: T, b: T): boolean;
  /** Returns the value without secrets. */
  redact(value: T): T;
}

/** Rules of a part that is a record; differences contain whole values. */
export interface RecordRules<T> extends ValueRules<T> {
  /** Key of the record. */
  keyOf(value: T): string;
}

const PLAIN = { equal: equalData, redact: redactData };

export const GLOBALS_RULES: ValueRules<Globals> = PLAIN;

/** Rules in the order of sending: referenced parts come first. */
const RECORD_RULES: { readonly [P in RecordPart]: RecordRules<PartValues[P]> } = {
  upstreams: { ...PLAIN, keyOf: (upstream) => upstream.name },
  certificates: { ...PLAIN, keyOf: (certificate) => certificate.id },
  tlsProfiles: { ...PLAIN, keyOf: (profile) => profile.id },
  virtualHosts: { ...PLAIN, keyOf: (host) => host.name },
  listeners: { ...PLAIN, keyOf: (listener) => listener.name },
};

/** Names of the parts that are records, in the order in which they are sent. */
export const RECORD_PARTS: readonly RecordPart[] = Object.keys(RECORD_RULES).filter((name): name is RecordPart =>
  name in RECORD_RULES
);

/** The records that `make` gives for each part. */
export function makeRecords(
  make: <P extends RecordPart>(part: P, rules: RecordRules<PartValues[P]>) => Readonly<Record<string, PartValues[P]>>,
): SnapshotRecords {
  return {
    listeners: make("listeners", RECORD_RULES.listeners),
    tlsProfiles: make("tlsProfiles", RECORD_RULES.tlsProfiles),
    virtualHosts: make("virtualHosts", RECORD_RULES.virtualHosts),
    upstreams: make("upstreams", RECORD_RULES.upstreams),
    certificates: make("certificates", RECORD_RULES.certificates),
  };
}

/** The changes that `make` gives for each part. */
export function makeChanges(
  make: <P extends RecordPart>(part: P, rules: RecordRules<PartValues[P]>) => Changes<PartValues[P]>,
): RecordChanges {
  return {
    listeners: make("listeners", RECORD_RULES.listeners),
    tlsProfiles: make("tlsProfiles", RECORD_RULES.tlsProfiles),
    virtualHosts: make("virtualHosts", RECORD_RULES.virtualHosts),
    upstreams: make("upstreams", RECORD_RULES.upstreams),
    certificates: make("certificates", RECORD_RULES.certificates),
  };
}
