/**
 * Updates in pieces, to be sent to another process: what the hosts of an update share is written once, and the other side
 * has it shared again.
 *
 * @module
 */
import { DataDecoder, DataEncoder } from "./codec.ts";
import type { Certificate, Globals, SnapshotUpdate, Upstream, VirtualHost } from "./snapshot.ts";

const FIELDS = [
  "globals",
  "upstreams.remove",
  "upstreams.set",
  "certificates.remove",
  "certificates.set",
  "virtualHosts.remove",
  "virtualHosts.set",
] as const;
type Field = (typeof FIELDS)[number];

/** A piece of an update: plain data. */
export interface UpdatePart {
  readonly field: Field;
  /** Items of the field, encoded. */
  readonly nodes: readonly unknown[];
}

/** Objects in a part: about 100 KB. Whoever reads does something else between two of them. */
const OBJECTS_A_PART = 3000;

/** The pieces of `update`, in order. */
export function* divideUpdate(update: SnapshotUpdate, objectsAPart: number = OBJECTS_A_PART): Iterable<UpdatePart> {
  const encoder = new DataEncoder();
  for (const field of FIELDS) {
    let nodes: unknown[] = [];
    let begin = encoder.size;
    for (const item of itemsOf(update, field)) {
      nodes.push(encoder.encode(item));
      if (encoder.size - begin < objectsAPart) continue;
      yield { field, nodes };
      nodes = [];
      begin = encoder.size;
    }
    if (nodes.length > 0) yield { field, nodes };
  }
}

function itemsOf(update: SnapshotUpdate, field: Field): readonly unknown[] {
  switch (field) {
    case "globals":
      return update.globals === undefined ? [] : [update.globals];
    case "upstreams.remove":
      return update.upstreams.remove;
    case "upstreams.set":
      return update.upstreams.set;
    case "certificates.remove":
      return update.certificates.remove;
    case "certificates.set":
      return update.certificates.set;
    case "virtualHosts.remove":
      return update.virtualHosts.remove;
    case "virtualHosts.set":
      return update.virtualHosts.set;
    default:
      return field satisfies never;
  }
}

/** Puts the pieces of one update together. */
export class UpdateAssembler {
  readonly #decoder = new DataDecoder();
  readonly #items = new Map<Field, unknown[]>();

  /** @throws {TypeError} when the part is none, or not the next one of its update */
  add(part: UpdatePart): void {
    let items = this.#items.get(part.field);
    if (items === undefined) this.#items.set(part.field, items = []);
    for (const node of part.nodes) items.push(this.#decoder.decode(node));
  }

  /** What has come so far. */
  update(): SnapshotUpdate {
    const items = <T>(field: Field): readonly T[] => (this.#items.get(field) ?? []) as T[];
    const [globals] = items<Globals>("globals");
    return {
      ...globals === undefined ? {} : { globals },
      virtualHosts: { set: items<VirtualHost>("virtualHosts.set"), remove: items("virtualHosts.remove") },
      upstreams: { set: items<Upstream>("upstreams.set"), remove: items("upstreams.remove") },
      certificates: { set: items<Certificate>("certificates.set"), remove: items("certificates.remove") },
    };
  }
}
