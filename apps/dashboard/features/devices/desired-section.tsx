'use client';
// What is desired of a device beside what it reports, and the difference.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { rich, t } from '../../language/translate.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Lines } from '../../ui/field.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { useNotify } from '../../ui/toasts.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useCan } from '../tenants/tenant.tsx';
import { parseObject } from './command-section.tsx';
import styles from './desired-section.module.css';
import { type DesiredState, findDesiredState, membersOf, setDesiredState } from './desired-states.ts';
import type { Device } from './devices.ts';

export function DesiredSection({ device }: { device: Device }) {
  const canManage = useCan('manage devices');
  const [edits, setEdits] = useState(false);
  const { data: state } = useQuery({
    queryKey: ['desired', device.id],
    queryFn: async () => (await findDesiredState(device.id)) ?? null,
    ...polled(5000),
  });
  const members = state ? membersOf(state) : [];
  if (state === undefined || (!canManage && members.length === 0)) return null;
  return (
    <Section title={t('State')} aside={state?.desired ? <Progress state={state} /> : undefined}>
      {members.length > 0 && (
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t('Name')}</th>
              <th scope="col">{t('Desired')}</th>
              <th scope="col">{t('Reported')}</th>
            </tr>
          </thead>
          <tbody>
            {members.map(({ name, desired, reported, differs }) => (
              <tr key={name} className={differs ? styles.differs : undefined}>
                <th scope="row">{name}</th>
                <td>{desired ?? '–'}</td>
                <td>{reported ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {state?.reported_at && (
        <p className={styles.note}>{rich('Reported {ago}', { ago: <Ago at={state.reported_at} /> })}</p>
      )}
      {canManage && !edits && (
        <Button onClick={() => setEdits(true)}>
          {state?.desired ? t('Change what is desired') : t('Desire a state')}
        </Button>
      )}
      {canManage && edits && (
        <Editor deviceId={device.id} desired={state?.desired ?? undefined} onEnd={() => setEdits(false)} />
      )}
    </Section>
  );
}

function Progress({
  state: { desired_version: version, published_version: published, delta },
}: {
  state: DesiredState;
}) {
  if (Object.keys((delta ?? {}) as object).length === 0) return <Badge tone="ok">{t('As desired')}</Badge>;
  return <Badge tone="warn">{version > published ? t('On its way') : t('Differs')}</Badge>;
}

function Editor({ deviceId, desired, onEnd }: { deviceId: string; desired: unknown; onEnd: () => void }) {
  const queries = useQueryClient();
  const notify = useNotify();
  const [text, setText] = useState(() => JSON.stringify(desired ?? { interval: 60 }, null, 2));
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function save(value: object | null) {
    setProblem(undefined);
    setBusy(true);
    try {
      await setDesiredState(deviceId, value);
      notify(value ? t('The device gets it when it is connected.') : t('Nothing is desired of the device any more.'));
      await queries.invalidateQueries({ queryKey: ['desired', deviceId] });
      onEnd();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const value = parseObject(text);
    if (value) void save(value);
    else setProblem(t('This is not a JSON object. Write one such as {example}.', { example: '{"interval": 60}' }));
  }

  return (
    <form onSubmit={submit} className={styles.form}>
      <Lines
        label={t('Desired, as a JSON object')}
        rows={8}
        value={text}
        onChange={(event) => setText(event.target.value)}
        error={problem}
      />
      <div className={styles.buttons}>
        <Button type="submit" variant="primary" busy={busy}>
          {t('Save')}
        </Button>
        <Button onClick={onEnd}>{t('Cancel')}</Button>
        {desired !== undefined && (
          <Button onClick={() => save(null)} disabled={busy}>
            {t('Remove')}
          </Button>
        )}
      </div>
    </form>
  );
}
