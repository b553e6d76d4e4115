'use client';
// Commands to a device and their outcomes.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { foreign, type PlainMessage, t } from '../../language/translate.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Lines } from '../../ui/field.tsx';
import type { Tone } from '../../ui/notice.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { useNotify } from '../../ui/toasts.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { LimitNote } from '../tenants/limit-note.tsx';
import { useCan } from '../tenants/tenant.tsx';
import styles from './command-section.module.css';
import { type DeviceCommand, recentCommands, sendCommand } from './commands.ts';
import type { Device } from './devices.ts';

const SHOWN = 5;

export function CommandSection({ device }: { device: Device }) {
  const canManage = useCan('manage devices');
  const { data: commands } = useQuery({
    queryKey: ['commands', device.id],
    queryFn: () => recentCommands(device.id, SHOWN),
    ...polled(5000),
  });
  if (!canManage && !commands?.length) return null;
  return (
    <Section title={t('Commands')}>
      {canManage && <CommandForm deviceId={device.id} />}
      {commands && commands.length > 0 && (
        <ul className={styles.list}>
          {commands.map((command) => (
            <li key={command.id}>
              <code>{JSON.stringify(command.payload)}</code>
              <span>
                <State command={command} />
                <Ago at={command.requested_at} />
              </span>
              {command.error ? <p>{foreign(command.error)}</p> : <Note command={command} />}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const STATES: Record<string, [word: PlainMessage, tone: Tone]> = {
  waiting: ['Waiting', 'neutral'],
  sent: ['Sent', 'ok'],
  acknowledged: ['Acknowledged', 'ok'],
  expired: ['Expired', 'warn'],
  failed: ['Failed', 'danger'],
};

function State({ command }: { command: DeviceCommand }) {
  const [word, tone] = STATES[command.state]!;
  return <Badge tone={tone}>{t(word)}</Badge>;
}

/** What the state alone does not say. */
function Note({ command: { state, handed_at, repeats, tries, result } }: { command: DeviceCommand }) {
  if (state === 'waiting' && handed_at)
    return <small>{t('The broker has it; the device has not been heard since.')}</small>;
  if (state === 'sent' && repeats)
    return (
      <small>
        {t('{tries, plural, one {Not acknowledged yet, sent once.} other {Not acknowledged yet, sent # times.}}', {
          tries,
        })}
      </small>
    );
  if (state === 'acknowledged' && result !== null)
    return <small>{t('The device answered {answer}', { answer: JSON.stringify(result) })}</small>;
  return null;
}

function CommandForm({ deviceId }: { deviceId: string }) {
  const queries = useQueryClient();
  const notify = useNotify();
  const [text, setText] = useState('{"interval": 60}');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const payload = parseObject(text);
    if (!payload)
      return setProblem(t('This is not a JSON object. Write one such as {example}.', { example: '{"interval": 60}' }));
    setProblem(undefined);
    setBusy(true);
    try {
      await sendCommand(deviceId, payload);
      notify(t('The command is on its way.'));
      await queries.invalidateQueries({ queryKey: ['commands', deviceId] });
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit} className={styles.form}>
      <Lines
        label={t('Command, as a JSON object')}
        rows={2}
        value={text}
        onChange={(event) => setText(event.target.value)}
        error={problem}
      />
      <Button type="submit" busy={busy}>
        {t('Send command')}
      </Button>
      <LimitNote limit="max_commands" noun="commands wait" />
    </form>
  );
}

/** Undefined when the text is not a JSON object. */
export function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
