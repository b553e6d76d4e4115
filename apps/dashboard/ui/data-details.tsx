// A chart's numbers as a table, for who cannot see the chart or wants to read them off.
import styles from './data-details.module.css';

interface Props {
  head: string[];
  rows: string[][];
}

export function DataDetails({ head, rows }: Props) {
  return (
    <details className={styles.details}>
      <summary>Show as table</summary>
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
    </details>
  );
}
