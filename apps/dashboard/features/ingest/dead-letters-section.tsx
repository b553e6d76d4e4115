'use client';
// Dead letters: shows, redrives and discards them.
import { useQuery } from '@tanstack/react-query';
import { Inbox, RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { ShowMore } from '../../ui/show-more.tsx';
import { messageOf } from '../session/errors.ts';
import { polled, useSliced } from '../session/queries.tsx';
import { useChange } from '../session/use-change.ts';
import { LimitNote } from '../tenants/limit-note.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { DeadLetterDialog } from './dead-letter-dialog.tsx';
import {
  type DeadLetter,
  discardLetters,
  isOpen,
  type LetterFilter,
  lettersNotThere,
  listDeadLetters,
  redriveAll,
  requestRedrive,
} from './dead-letters.ts';
import styles from './dead-letters-section.module.css';
import { DeadLettersTable } from './dead-letters-table.tsx';
import { LetterFilterFields } from './letter-filter.tsx';

/** Letters shown at first, and as many more each time. */
const STEP = 100;
/** The queries that a redrive or a discard changes. */
const CHANGES = ['dead-letters', 'limits'];

/** These letters, or all that match the filter. */
type Which = number[] | 'all';

export function DeadLettersSection() {
  const { tenant_id } = useTenant().tenant;
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [viewed, setViewed] = useState<DeadLetter>();
  const [doomed, setDoomed] = useState<Which>();
  const [filter, setFilter] = useState<LetterFilter>({});
  const [most, setMost] = useState(STEP);
  const { data, error } = useSliced({
    queryKey: ['dead-letters', tenant_id, most, filter],
    queryFn: () => listDeadLetters(tenant_id, most, filter),
    ...polled(5000),
  });
  const letters = data?.rows;
  /** Newer ones may come faster than they are asked for. */
  const until = letters?.[0]?.received_at ?? 'infinity';
  const redrive = useChange({
    run: async (which: Which) => {
      await (which === 'all' ? redriveAll(tenant_id, until, filter) : requestRedrive(which));
    },
    done: () => t('Ingest reads them again within seconds. Those that still cannot be stored stay here.'),
    changes: CHANGES,
  });
  const discard = useChange({
    run: (which: Which) => discardLetters(tenant_id, which === 'all' ? filter : which, until),
    done: () => t('Discarded. Their number stays counted.'),
    changes: CHANGES,
  });
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const chosen = letters?.filter(({ id }) => selected.has(id)) ?? [];
  const open = chosen.filter(isOpen);
  const toggle = (id: number) =>
    setSelected((all) => (all.has(id) ? new Set([...all].filter((each) => each !== id)) : new Set([...all, id])));
  const start = (which: Which) => redrive.mutate(which, { onSuccess: () => setSelected(new Set()) });
  return (
    <Section
      title={t('Dead letters')}
      flush
      aside={
        letters &&
        letters.length > 0 && (
          <span className={styles.actions}>
            <Button
              disabled={open.length === 0}
              busy={redrive.isPending}
              onClick={() => start(open.map(({ id }) => id))}
            >
              <RotateCcw aria-hidden />
              {t('Redrive selected')}
              {open.length > 0 && ` (${open.length})`}
            </Button>
            <Button busy={redrive.isPending} onClick={() => start('all')}>
              {isFiltered ? t('Redrive all that match') : t('Redrive all')}
            </Button>
            <Button disabled={chosen.length === 0} onClick={() => setDoomed(chosen.map(({ id }) => id))}>
              <Trash2 aria-hidden />
              {t('Discard selected')}
              {chosen.length > 0 && ` (${chosen.length})`}
            </Button>
            <Button onClick={() => setDoomed('all')}>
              {isFiltered ? t('Discard all that match') : t('Discard all')}
            </Button>
          </span>
        )
      }
    >
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!letters && !error && <Skeleton lines={4} label={t('Loading dead letters')} />}
      {(isFiltered || (letters && letters.length > 0)) && <LetterFilterFields filter={filter} onChange={setFilter} />}
      {letters?.length === 0 && (
        <Empty icon={<Inbox />} title={isFiltered ? t('No dead letter matches') : t('No dead letters')}>
          {isFiltered
            ? t('None has this reason, device and age.')
            : t('A message that cannot be stored is kept here with the reason.')}
        </Empty>
      )}
      {letters && letters.length > 0 && (
        <DeadLettersTable letters={letters} selected={selected} onToggle={toggle} onView={setViewed} />
      )}
      {data?.more && <ShowMore shown={data.rows.length} onMore={() => setMost(most + STEP)} />}
      <Kept />
      {viewed && (
        <DeadLetterDialog
          letter={letters?.find(({ id }) => id === viewed.id) ?? viewed}
          onClose={() => setViewed(undefined)}
          onRedrive={() => start([viewed.id])}
        />
      )}
      {doomed && (
        <Confirm
          title={
            doomed !== 'all'
              ? t('Discard the selected ({count})?', { count: doomed.length })
              : isFiltered
                ? t('Discard all that match?')
                : t('Discard all?')
          }
          action={t('Discard')}
          onClose={() => setDoomed(undefined)}
          onConfirm={async () => {
            await discard.mutateAsync(doomed);
            setSelected(new Set());
            setDoomed(undefined);
          }}
        >
          <p>{t('Discarded dead letters cannot be redriven or shown again. Their number stays counted.')}</p>
        </Confirm>
      )}
    </Section>
  );
}

/** How many letters are kept, how many may be, and how many are counted only. */
function Kept() {
  const { tenant_id } = useTenant().tenant;
  const { data: gone = 0 } = useQuery({
    queryKey: ['dead-letters', tenant_id, 'not there'],
    queryFn: () => lettersNotThere(tenant_id),
    ...polled(60_000),
  });
  return (
    <div className={styles.kept}>
      <LimitNote limit="max_dead_letters" noun="letters kept" />
      <p>
        {t('A letter is kept for 30 days.')}
        {gone > 0 &&
          ` ${t('{gone, plural, one {# more from the last 30 days was} other {# more from the last 30 days were}} discarded or beyond the limit.', { gone })}`}
      </p>
    </div>
  );
}
