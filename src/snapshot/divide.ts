/**
 * Divides updates into parts for another process: objects that the hosts of an update share are written once, and are
 * shared again after decoding.
 *
 * @module
 */
import { DataDecoder, DataEncoder } from "./codec.ts";
import { makeChanges, RECORD_PARTS } from "./parts.ts";
import type { Changes, Globals, PartValues, RecordPart, SnapshotUpdate } from "./snapshot.ts";

type Field = "globals" | `${RecordPart}.${keyof Changes<unknown>}`;

/** A part of an update, as plain data. */
export interface UpdatePart {
  readonly field: Field;
  /** Items of the field, encoded. */
  readonly nodes: readonly unknown[];
}

/** Objects in a part, about 100 KB; the receiver does other work between two parts. */
const OBJECTS_A_PART = 3000;

/** Returns the parts of an update, in order. */
export function* divideUpdate(update: SnapshotUpdate, objectsAPart: number = OBJECTS_A_PART): Iterable<UpdatePart> {
  const encoder = new DataEncoder();
  for (const [field, items] of fieldsOf(update)) {
    let nodes: unknown[] = [];
    let begin = encoder.size;
    for (const item of items) {
      nodes.push(encoder.encode(item));
      if (encoder.size - begin < objectsAPart) continue;
      yield { field, nodes };
      nodes = [];
      begin = encoder.size;
    }
    if (nodes.length > 0) yield { field, nodes };
  }
}

function* fieldsOf(update: SnapshotUpdate): Iterable<readonly [field: Field, items: readonly unknown[]]> {
  yield ["globals", update.globals === undefined ? [] : [update.globals]];
  for (const part of RECORD_PARTS) {
    yield [`${part}.remove`, update[part].remove];
    yield [`${part}.set`, update[part].set];
  }
}

/** Assembles the parts of one update. */
export class UpdateAssembler {
  readonly #decoder = new DataDecoder();
  readonly #items = new Map<Field, unknown[]>();

  /** @throws {TypeError} when the part is none, or not the next one of its update */
  add(part: UpdatePart): void {
    let items = this.#items.get(part.field);
    if (items === undefined) this.#items.set(part.field, items = []);
    for (const node of part.nodes) items.push(this.#decoder.decode(node));
  }

  /** The update so far. */
  update(): SnapshotUpdate {
    // The parts come from `divideUpdate`, so their content has the type of their field.
    const items = <T>(field: Field): readonly T[] => (this.#items.get(field) ?? []) as T[];
    const [globals] = items<Globals>("globals");
    const changes = <P extends RecordPart>(part: P): Changes<PartValues[P]> => ({
      set: items(`${part}.set`),
      remove: items(`${part}.remove`),
    });
    const parts = makeChanges(changes);
    return globals === undefined ? parts : { globals, ...parts };
  }
}
