'use client';
// Commands to a device and their outcomes.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Lines } from '../../ui/field.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { useNotify } from '../../ui/toasts.tsx';
import { loadConfig } from '../session/config.ts';
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
  const { data: config } = useQuery({
    queryKey: ['config'],
    queryFn: loadConfig,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!canManage && !commands?.length) return null;
  return (
    <Section title="Commands">
      {config && !config.sendsCommands && <p>This platform does not send commands yet.</p>}
      {canManage && config?.sendsCommands && <CommandForm deviceId={device.id} />}
      {commands && commands.length > 0 && (
        <ul className={styles.list}>
          {commands.map((command) => (
            <li key={command.id}>
              <code>{JSON.stringify(command.payload)}</code>
              <span>
                <State command={command} sends={config?.sendsCommands ?? true} />
                <Ago at={command.requested_at} />
              </span>
              {command.error && <p>{command.error}</p>}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** @param sends false where nothing sends commands: one that was requested is not waiting for anything. */
function State({ command: { sent_at, error }, sends }: { command: DeviceCommand; sends: boolean }) {
  if (error) return <Badge tone="danger">Failed</Badge>;
  if (sent_at) return <Badge tone="ok">Sent</Badge>;
  return <Badge>{sends ? 'Waiting' : 'Not sent'}</Badge>;
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
    if (!payload) return setProblem('This is not a JSON object. Write one such as {"interval": 60}.');
    setProblem(undefined);
    setBusy(true);
    try {
      await sendCommand(deviceId, payload);
      notify('The command is on its way.');
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
        label="Command, as a JSON object"
        rows={2}
        value={text}
        onChange={(event) => setText(event.target.value)}
        error={problem}
      />
      <Button type="submit" busy={busy}>
        Send command
      </Button>
      <LimitNote limit="max_commands" noun="commands wait" />
    </form>
  );
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
