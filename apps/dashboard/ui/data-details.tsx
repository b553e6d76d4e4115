// A chart's numbers as a table, for people who cannot see the chart or want exact values.
import { useState } from 'react';
import { t } from '../language/translate.ts';
import styles from './data-details.module.css';

interface Props {
  head: string[];
  /** Called only while the table is open: it is long, and most people look at the chart. */
  rows: () => string[][];
}

export function DataDetails({ head, rows }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className={styles.details} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{t('Show as table')}</summary>
      {isOpen && <Numbers head={head} rows={rows()} />}
    </details>
  );
}

const Numbers = ({ head, rows }: { head: string[]; rows: string[][] }) => (
  <table>
    <thead>
      <tr>
        {head.map((cell) => (
          <th key={cell} scope="col">
            {cell}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {rows.map(([first, ...rest]) => (
        <tr key={first}>
          <th scope="row">{first}</th>
          {rest.map((cell, column) => (
            <td key={head[column + 1]}>{cell}</td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
);
