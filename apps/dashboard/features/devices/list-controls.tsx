'use client';
// Search, filters, order and columns of the list of devices.
import { Columns3 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { type PlainMessage, t } from '../../language/translate.ts';
import { Search } from '../../ui/search.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useCan } from '../tenants/tenant.tsx';
import { type Sort, STATES, type TagInUse } from './device-list.ts';
import styles from './devices-page.module.css';
import { COLUMNS, type ColumnName, type useAsked } from './use-list.ts';

/** How long a search waits for the next letter. */
const TYPING_MS = 200;

const SORT_WORDS: Record<Sort, PlainMessage> = {
  name: 'Name, A to Z',
  '-name': 'Name, Z to A',
  '-seen': 'Last seen, newest first',
  seen: 'Last seen, oldest first',
  '-added': 'Added, newest first',
  added: 'Added, oldest first',
};

interface Props {
  asked: ReturnType<typeof useAsked>;
  tags: TagInUse[];
  columns: ReadonlySet<ColumnName>;
  onColumn: (column: ColumnName) => void;
}

export function ListControls({ asked: { filter, sort, ask }, tags, columns, onColumn }: Props) {
  const canManage = useCan('manage devices');
  return (
    <span className={styles.filters}>
      <Segmented
        label={t('State')}
        options={STATES.map(({ value, label }) => ({ value, label: t(label) }))}
        value={filter.state}
        onChange={(state) => ask({ state })}
      />
      {(tags.length > 0 || filter.tag !== '') && (
        <select
          className={styles.choice}
          aria-label={t('Tag')}
          value={filter.tag}
          onChange={({ target }) => ask({ tag: target.value })}
        >
          <option value="">{t('Any tag')}</option>
          {filter.tag !== '' && !tags.some(({ tag }) => tag === filter.tag) && <option>{filter.tag}</option>}
          {tags.map(({ tag, devices }) => (
            <option key={tag} value={tag}>
              {tag} ({devices})
            </option>
          ))}
        </select>
      )}
      <select
        className={styles.choice}
        aria-label={t('Sort by')}
        value={sort}
        onChange={({ target }) => ask({ sort: target.value })}
      >
        {Object.entries(SORT_WORDS).map(([value, label]) => (
          <option key={value} value={value}>
            {t(label)}
          </option>
        ))}
      </select>
      <SearchField search={filter.search} onSearch={(search) => ask({ search })} />
      <details className={styles.columns}>
        <summary>
          <Columns3 aria-hidden />
          {t('Columns')}
        </summary>
        <fieldset>
          <legend className="visually-hidden">{t('Columns')}</legend>
          {COLUMNS.map(
            ({ value, label }) =>
              (value !== 'enabled' || canManage) && (
                <label key={value}>
                  <input type="checkbox" checked={columns.has(value)} onChange={() => onColumn(value)} />
                  {t(label)}
                </label>
              ),
          )}
        </fieldset>
      </details>
    </span>
  );
}

/** Asks when nothing more is typed. */
function SearchField({ search, onSearch }: { search: string; onSearch: (search: string) => void }) {
  const [text, setText] = useState(search);
  // Back, or `Show all devices`, changes what the address says.
  useEffect(() => setText((typed) => (typed.trim() === search ? typed : search)), [search]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait
  useEffect(() => {
    if (text.trim() === search) return;
    const timer = setTimeout(() => onSearch(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return <Search label={t('Search devices')} value={text} onChange={setText} />;
}
