import type { Result } from '../../database/database.ts';

/** What the value mapping must know of a type. */
export type TypeFacts = {
  name: string;
  /** The category of pg_type: 'A' for arrays, 'G' for geometric types … */
  category: string;
  /** OID of an array's elements, 0 otherwise. */
  element: number;
};

export type TypeCatalogue = ReadonlyMap<number, TypeFacts>;

/** Asks for every type that there is; `readCatalogue` reads the answer. */
export const catalogueSql = 'select oid, typname, typcategory, typelem from pg_catalog.pg_type';

/** Types by OID, from the rows of `catalogueSql`. */
export function readCatalogue(result: Result): TypeCatalogue {
  return new Map(
    result.rows.map(([oid, name, category, element]) => [
      Number(oid),
      { name: name ?? '', category: category ?? '', element: Number(element) },
    ]),
  );
}
