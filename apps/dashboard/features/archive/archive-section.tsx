'use client';
// The tenant's archive, for owners: what is in it, asking for links to some days, and the links.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { rich, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { saveFile } from '../../ui/copy.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Field } from '../../ui/field.tsx';
import { Figure, Figures } from '../../ui/figures.tsx';
import { formatBytes, formatNumber, formatTime } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { Section, Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useChange } from '../session/use-change.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import styles from './archive.module.css';
import { type ArchiveLink, archivedMonths, archiveLinks, archiveRequests, askArchive, type Month } from './archive.ts';

const POLL_MS = 15_000;
/** Links shown at first. */
const SHOWN = 31;

export function ArchiveSection() {
  const isOwner = useCan('manage the tenant');
  return isOwner ? <Archive /> : null;
}

function Archive() {
  const { tenant_id } = useTenant().tenant;
  const months = useQuery({
    queryKey: ['archived-months', tenant_id],
    queryFn: () => archivedMonths(tenant_id),
    ...polled(60_000),
  });
  const requests = useQuery({
    queryKey: ['archive-requests', tenant_id],
    queryFn: () => archiveRequests(tenant_id),
    ...polled(POLL_MS),
  });
  const error = months.error ?? requests.error;
  const isWaiting = requests.data?.some(({ made_at }) => made_at === null) ?? false;
  return (
    <Section title={t('Archive')}>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!months.data && !error && <Skeleton lines={4} label={t('Loading the archive')} />}
      {months.data?.length === 0 && <p>{t('Nothing of this tenant is archived.')}</p>}
      {months.data && months.data.length > 0 && <Contents months={months.data} />}
      {months.data && months.data.length > 0 && !isWaiting && <Ask months={months.data} />}
      {requests.data?.map(({ id, first_day, last_day, made_at, ends_at }) => (
        <section
          key={id}
          className={styles.request}
          aria-label={t('Links from {from} to {until}', { from: first_day, until: last_day })}
        >
          <h3>{t('{from} to {until}', { from: first_day, until: last_day })}</h3>
          {made_at === null || ends_at === null ? (
            <p>{t('The next run of the archive makes the links: usually at night.')}</p>
          ) : (
            <Links request={id} endsAt={ends_at} />
          )}
        </section>
      ))}
      <p className={styles.note}>
        {rich(
          'The archive has readings that retention took out of the platform, a Parquet file for each day of UTC. DuckDB reads them ({query}), and so do pandas, Polars and Spark. For readings that are still in the platform, use <em>Download CSV</em> below a chart.',
          { query: <code>select * from 'readings-*.parquet'</code>, em: (text) => <em>{text}</em> },
        )}
      </p>
    </Section>
  );
}

function Contents({ months }: { months: Month[] }) {
  const sum = (column: 'days' | 'rows' | 'bytes') => months.reduce((total, month) => total + month[column], 0);
  return (
    <>
      <Figures>
        <Figure
          label={t('Days')}
          value={formatNumber(sum('days'))}
          note={t('{from} to {until}', { from: months.at(-1)?.first_day ?? '', until: months[0]?.last_day ?? '' })}
        />
        <Figure label={t('Readings')} value={formatNumber(sum('rows'))} />
        <Figure label={t('Size')} value={formatBytes(sum('bytes'))} />
      </Figures>
      <DataDetails
        head={[t('Month'), t('Days'), t('Readings'), t('Size')]}
        rows={() =>
          months.map(({ month, days, rows, bytes }) => [
            month.slice(0, 7),
            formatNumber(days),
            formatNumber(rows),
            formatBytes(bytes),
          ])
        }
      />
    </>
  );
}

function Ask({ months }: { months: Month[] }) {
  const { tenant_id } = useTenant().tenant;
  const ask = useChange({
    run: ({ first, last }: { first: string; last: string }) => askArchive(tenant_id, first, last),
    done: ({ first, last }) => t('Links to {from} to {until} are asked for.', { from: first, until: last }),
    changes: ['archive-requests', 'audit'],
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    ask.mutate({ first: String(form.get('first')), last: String(form.get('last')) });
  }
  const bounds = { type: 'date', required: true, min: months.at(-1)?.first_day, max: months[0]?.last_day } as const;
  return (
    <form className={styles.ask} onSubmit={submit}>
      <Field label={t('First day')} name="first" defaultValue={months[0]?.first_day} {...bounds} />
      <Field label={t('Last day')} name="last" defaultValue={months[0]?.last_day} {...bounds} />
      <Button type="submit" busy={ask.isPending}>
        {t('Ask for links')}
      </Button>
      <p className={styles.note}>
        {t(
          'At most 366 days and 1,000 files at a time. The links are made by the next run of the archive and work for a week.',
        )}
      </p>
    </form>
  );
}

function Links({ request, endsAt }: { request: string; endsAt: string }) {
  const [isAll, setIsAll] = useState(false);
  const { data, error } = useQuery({ queryKey: ['archive-links', request], queryFn: () => archiveLinks(request) });
  if (error) return <Notice tone="danger">{messageOf(error)}</Notice>;
  if (!data) return <Skeleton lines={3} label={t('Loading links')} />;
  if (data.length === 0) return <p>{t('The archive no longer has files of these days. Ask again for what it has.')}</p>;
  const list = () => data.map(({ url }) => `${new URL(url, location.href)}\n`).join('');
  return (
    <>
      <Notice tone="warn">
        {t('Anyone who has a link can read its file until {time}. Do not pass it on.', {
          time: formatTime(new Date(endsAt)),
        })}
      </Notice>
      <DataTable
        caption={t('Files')}
        rows={isAll ? data : data.slice(0, SHOWN)}
        keyOf={({ name }) => name}
        columns={[
          { header: t('Day'), title: true, cell: ({ day }) => day },
          { header: t('Readings'), numeric: true, cell: ({ rows }) => formatNumber(rows) },
          { header: t('Size'), numeric: true, cell: ({ bytes }) => formatBytes(bytes) },
          { header: t('File'), cell: Download },
        ]}
      />
      <div className={styles.actions}>
        {data.length > SHOWN && !isAll && (
          <Button onClick={() => setIsAll(true)}>{t('Show all {count} files', { count: data.length })}</Button>
        )}
        <Button onClick={() => saveFile(new Blob([list()], { type: 'text/plain' }), 'links.txt')}>
          {t('Save list of links')}
        </Button>
        <span className={styles.muted}>
          {rich('Then {command} fetches them all.', {
            command: <code>wget --content-disposition --input-file=links.txt</code>,
          })}
        </span>
      </div>
    </>
  );
}

const Download = ({ day, url }: ArchiveLink) => (
  <a href={url} download rel="noreferrer" aria-label={t('Download {day}', { day })}>
    {t('Download')}
  </a>
);
