'use client';
// Dead letters: shows them and redrives them.
import { Inbox, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { ShowMore } from '../../ui/show-more.tsx';
import { messageOf } from '../session/errors.ts';
import { polled, useSliced } from '../session/queries.tsx';
import { useChange } from '../session/use-change.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { DeadLetterDialog } from './dead-letter-dialog.tsx';
import { type DeadLetter, isOpen, listDeadLetters, redriveAll, requestRedrive } from './dead-letters.ts';
import styles from './dead-letters-section.module.css';
import { DeadLettersTable } from './dead-letters-table.tsx';

/** Letters shown at first, and as many more each time. */
const STEP = 100;

export function DeadLettersSection() {
  const { tenant_id } = useTenant().tenant;
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [viewed, setViewed] = useState<DeadLetter>();
  const [most, setMost] = useState(STEP);
  const { data, error } = useSliced({
    queryKey: ['dead-letters', tenant_id, most],
    queryFn: () => listDeadLetters(tenant_id, most),
    ...polled(5000),
  });
  const letters = data?.rows;
  const redrive = useChange({
    run: async (ids: number[] | 'all') => {
      await (ids === 'all' ? redriveAll(tenant_id, letters?.[0]?.received_at ?? 'infinity') : requestRedrive(ids));
    },
    done: () => 'Ingest reads them again within seconds. Those that still cannot be stored stay here.',
    changes: ['dead-letters'],
  });
  const open = letters?.filter(isOpen) ?? [];
  const chosen = open.filter(({ id }) => selected.has(id));
  const toggle = (id: number) =>
    setSelected((all) => (all.has(id) ? new Set([...all].filter((each) => each !== id)) : new Set([...all, id])));
  const start = (ids: number[] | 'all') => redrive.mutate(ids, { onSuccess: () => setSelected(new Set()) });
  return (
    <Section
      title="Dead letters"
      flush
      aside={
        (open.length > 0 || data?.more) && (
          <span className={styles.actions}>
            <Button
              disabled={chosen.length === 0}
              busy={redrive.isPending}
              onClick={() => start(chosen.map(({ id }) => id))}
            >
              <RotateCcw aria-hidden />
              Redrive selected{chosen.length > 0 && ` (${chosen.length})`}
            </Button>
            <Button busy={redrive.isPending} onClick={() => start('all')}>
              Redrive all
            </Button>
          </span>
        )
      }
    >
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!letters && !error && <Skeleton lines={4} label="Loading dead letters" />}
      {letters?.length === 0 && (
        <Empty icon={<Inbox />} title="No dead letters">
          Every message so far was stored. One that cannot be stored is kept here with the reason.
        </Empty>
      )}
      {letters && letters.length > 0 && (
        <DeadLettersTable letters={letters} selected={selected} onToggle={toggle} onView={setViewed} />
      )}
      {data?.more && <ShowMore shown={data.rows.length} onMore={() => setMost(most + STEP)} />}
      {viewed && (
        <DeadLetterDialog
          letter={letters?.find(({ id }) => id === viewed.id) ?? viewed}
          onClose={() => setViewed(undefined)}
          onRedrive={() => start([viewed.id])}
        />
      )}
    </Section>
  );
}
