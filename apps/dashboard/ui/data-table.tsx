// A table that becomes a list of cards where there is no room for columns, such as on a phone.
import type { ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './data-table.module.css';

export interface Column<Row> {
  header: string;
  /** In the header's place: a box that selects all rows. */
  head?: ReactNode;
  /** Rows can be sorted by it: how they are now, and what changes it. */
  sort?: { order: 'ascending' | 'descending' | 'none'; onSort: () => void };
  cell: (row: Row) => ReactNode;
  /** Aligned right. Default: left. */
  numeric?: boolean;
  /** Names the row: its header for screen readers, and the title of the card. */
  title?: boolean;
  /** The header is for screen readers only: a column of buttons. */
  silent?: boolean;
  /** As a card: beside the title, or the whole width below it, without a header. */
  phone?: 'corner' | 'wide';
}

interface Props<Row> {
  /** What the table holds, for screen readers. */
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
}

const MARKS = { ascending: '↑', descending: '↓', none: '' };

export function DataTable<Row>({ caption, columns, rows, keyOf }: Props<Row>) {
  return (
    <div className={styles.frame}>
      <table className={styles.table}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ header, head, sort, numeric, silent }) => (
              <th key={header} scope="col" aria-sort={sort?.order} className={classes(numeric && styles.numeric)}>
                {head}
                {sort && (
                  <button type="button" className={styles.sort} onClick={sort.onSort}>
                    {header}
                    <span aria-hidden>{MARKS[sort.order]}</span>
                  </button>
                )}
                {!head && !sort && <span className={classes(silent && 'visually-hidden')}>{header}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <Cell key={column.header} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell<Row>({
  column: { header, cell, numeric, title, silent, phone },
  row,
}: {
  column: Column<Row>;
  row: Row;
}) {
  if (title) {
    return (
      <th scope="row" className={styles.title}>
        {cell(row)}
      </th>
    );
  }
  return (
    <td
      data-header={silent || phone ? undefined : header}
      className={classes(numeric && styles.numeric, silent && styles.silent, phone && styles[phone])}
    >
      {cell(row)}
    </td>
  );
}
