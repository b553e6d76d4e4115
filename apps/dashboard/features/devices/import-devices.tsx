'use client';
// Imports devices from a CSV file: what is wrong with it by line, what will be added, and the file of credentials, once.
import { useQueryClient } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { type ChangeEvent, useState } from 'react';
import { type Import, MAX_IMPORT, readImport, writeCredentials } from '../../../../domain/device-import.ts';
import { foreign, rich, t } from '../../language/translate.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { DownloadButton } from '../../ui/copy.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useGuard } from '../../ui/use-guard.ts';
import { messageOf } from '../session/errors.ts';
import { LimitNote } from '../tenants/limit-note.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import styles from './import-devices.module.css';
import { alreadyThere, importDevices, type PreparedImport, prepareImport } from './imports.ts';
import { Tags } from './tags.tsx';
import { usePlace } from './use-place.ts';

/** Lines shown of what is wrong, and of what will be added. */
const SHOWN = 20;

interface Preview extends Import {
  file: string;
  /** Slugs that the tenant has. */
  there: Set<string>;
}

export function ImportDevices({ onClose }: { onClose: () => void }) {
  const { tenant } = useTenant();
  const queries = useQueryClient();
  const place = usePlace();
  const [preview, setPreview] = useState<Preview>();
  const [prepared, setPrepared] = useState<PreparedImport>();
  const [isAdded, setIsAdded] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  async function attempt(work: () => Promise<void>) {
    setBusy(true);
    setProblem('');
    try {
      await work();
    } catch (error) {
      setProblem(messageOf(error));
    }
    setBusy(false);
  }

  const read = ({ target }: ChangeEvent<HTMLInputElement>) =>
    attempt(async () => {
      const [file] = target.files ?? [];
      setPreview(undefined);
      setPrepared(undefined);
      if (!file) return;
      const found = readImport(await file.text());
      // The same file can be chosen again when it is corrected.
      target.value = '';
      setPreview({ ...found, file: file.name, there: await alreadyThere(tenant.tenant_id, found.devices) });
    });

  const added = preview?.devices.filter(({ slug }) => !preview.there.has(slug)) ?? [];
  const isReady = preview !== undefined && preview.problems.length === 0 && added.length > 0;

  const add = () =>
    attempt(async () => {
      // After a lost answer the same keys are sent again: what was added is not added twice.
      const sent = prepared ?? (await prepareImport(tenant.slug, added, place!));
      setPrepared(sent);
      await importDevices(tenant.tenant_id, sent);
      setIsAdded(true);
      for (const queryKey of [['devices'], ['limits']]) void queries.invalidateQueries({ queryKey });
    });

  if (isAdded && prepared) return <Credentials prepared={prepared} onClose={onClose} />;
  return (
    <Dialog title={t('Import devices')} onClose={onClose} large firm={busy}>
      <p>
        {rich(
          'A CSV file with the column {slug} and, optionally, {name} and {tags}. Up to {most} devices are added, all or none.',
          {
            slug: <code>slug</code>,
            name: <code>name</code>,
            tags: <code>tags</code>,
            most: MAX_IMPORT,
          },
        )}{' '}
        <ButtonLink variant="quiet" href={EXAMPLE} download="devices.csv">
          {t('Example')}
        </ButtonLink>
      </p>
      <LimitNote limit="max_devices" noun="devices" />
      <Field label={t('File')} type="file" accept=".csv,.txt,text/csv" onChange={read} />
      {problem && <Notice tone="danger">{problem}</Notice>}
      {preview && preview.problems.length > 0 && <Problems preview={preview} />}
      {preview && preview.problems.length === 0 && (
        <>
          <Notice tone={added.length > 0 ? 'ok' : 'warn'}>
            {t('{file}: {count, plural, one {# device} other {# devices}} will be added.', {
              file: preview.file,
              count: added.length,
            })}
            {preview.there.size > 0 &&
              ` ${t('{count, plural, one {# device of the file is there already and stays as it is.} other {# devices of the file are there already and stay as they are.}}', { count: preview.there.size })}`}
          </Notice>
          {added.length > 0 && (
            <div className={styles.preview}>
              <DataTable
                caption={t('Devices to add')}
                columns={[
                  { header: t('Slug'), title: true, cell: ({ slug }) => slug },
                  { header: t('Name'), cell: ({ name }) => name },
                  { header: t('Tags'), phone: 'wide', cell: ({ tags }) => <Tags tags={tags} /> },
                ]}
                rows={added.slice(0, SHOWN)}
                keyOf={({ slug }) => slug}
              />
              {added.length > SHOWN && <p>{t('and {count} more', { count: added.length - SHOWN })}</p>}
            </div>
          )}
        </>
      )}
      <DialogActions>
        <Button onClick={onClose} disabled={busy}>
          {t('Cancel')}
        </Button>
        <Button variant="primary" busy={busy} disabled={!isReady || !place} onClick={add}>
          {problem && prepared
            ? t('Try again')
            : isReady
              ? t('{count, plural, one {Add # device} other {Add # devices}}', { count: added.length })
              : t('Add devices')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

const EXAMPLE = `data:text/csv,${encodeURIComponent('slug,name,tags\npump-1,Pump 1,floor-1 pumps\npump-2,Pump 2,floor-2 pumps\n')}`;

const Problems = ({ preview: { problems, file } }: { preview: Preview }) => (
  <Notice tone="danger">
    <p>
      {t(
        '{count, plural, one {One line} other {# lines}} of {file} must be corrected; nothing is added. Correct the file and choose it again.',
        { count: problems.length, file },
      )}
    </p>
    <ul className={styles.problems}>
      {problems.slice(0, SHOWN).map(({ line, text }) => (
        <li key={line}>{t('Line {line}: {text}', { line: String(line), text: foreign(text) })}</li>
      ))}
    </ul>
    {problems.length > SHOWN && <p>{t('and {count} more', { count: problems.length - SHOWN })}</p>}
  </Notice>
);

function Credentials({ prepared, onClose }: { prepared: PreparedImport; onClose: () => void }) {
  const { tenant } = useTenant();
  const place = usePlace();
  const { tried, release } = useGuard();
  const [isSaved, setIsSaved] = useState(false);
  return (
    <Dialog
      title={t('{count, plural, one {# device} other {# devices}} added', { count: prepared.devices.length })}
      onClose={onClose}
      firm
    >
      <Notice tone={tried ? 'danger' : 'warn'}>
        {tried && `${t('The keys are not stored yet.')} `}
        {t(
          'Only this file has the keys. The platform stores only their hashes; nobody can read the keys back. Keep the file where only you can read it, and give each device only its own line.',
        )}
      </Notice>
      <div className={styles.files}>
        <DownloadButton
          name={`${tenant.slug}-credentials.csv`}
          text={writeCredentials(prepared.credentials)}
          onDownload={() => setIsSaved(true)}
        >
          <Download aria-hidden />
          {t('Credentials')}
        </DownloadButton>
        {place?.hasPrivateCa && (
          <ButtonLink href="/api/ca.pem" download="ca.pem">
            <Download aria-hidden />
            {t('CA certificate')}
          </ButtonLink>
        )}
      </div>
      <DialogActions>
        <Button variant="primary" disabled={!isSaved} onClick={() => release().then(onClose)}>
          {t('I have stored the file')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
