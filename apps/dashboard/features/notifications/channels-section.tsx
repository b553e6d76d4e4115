'use client';
// The channels: add, test, change, switch off and delete them.
import { useMutation } from '@tanstack/react-query';
import { MailPlus, Pencil, Plus, Send, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { Switch } from '../../ui/switch.tsx';
import { messageOf } from '../session/errors.ts';
import { useChange } from '../session/use-change.ts';
import { useCan } from '../tenants/tenant.tsx';
import { type Channel, confirmAgain, deleteChannel, sendTest, setChannelEnabled } from './channels.ts';
import styles from './notifications.module.css';
import { useChannels } from './use-notifications.ts';
import { channelState, KIND_NAMES } from './words.ts';

// Without `ssr: false` the whole page is hidden until the dialog is there.
const ChannelDialog = dynamic(() => import('./channel-dialog.tsx').then(({ ChannelDialog }) => ChannelDialog), {
  ssr: false,
});
const TestDialog = dynamic(() => import('./test-dialog.tsx').then(({ TestDialog }) => TestDialog), { ssr: false });

export function ChannelsSection() {
  const canManage = useCan('manage notifications');
  const { data: channels, error } = useChannels();
  const [edited, setEdited] = useState<Channel | 'new'>();
  const [tested, setTested] = useState<Channel>();
  const [doomed, setDoomed] = useState<Channel>();
  const test = useMutation({ mutationFn: ({ id }: Channel) => sendTest(id) });
  const columns = useColumns({
    onEdit: setEdited,
    onTest: (channel) => {
      setTested(channel);
      test.mutate(channel);
    },
    onDelete: setDoomed,
  });
  const remove = useChange({
    run: ({ id }: Channel) => deleteChannel(id),
    done: ({ name }) => t('The channel {name} is deleted.', { name }),
    changes: ['channels', 'routes', 'notifications', 'limits'],
  });
  const addButton = canManage && (
    <Button variant="primary" onClick={() => setEdited('new')}>
      <Plus aria-hidden />
      {t('Add channel')}
    </Button>
  );
  return (
    <Section title={t('Channels')} flush aside={channels && channels.length > 0 && addButton}>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!channels && !error && <Skeleton lines={3} label={t('Loading channels')} />}
      {channels && channels.length > 0 && (
        <DataTable caption={t('Channels')} columns={columns} rows={channels} keyOf={({ id }) => id} />
      )}
      {channels?.length === 0 && (
        <Empty icon={<MailPlus />} title={t('No channels yet')} action={addButton}>
          {canManage
            ? t(
                'Alerts show on the dashboard only. Add a mail address, a webhook or a chat gateway to be told of them.',
              )
            : t('Alerts show on the dashboard only. Owners and staff can add a channel.')}
        </Empty>
      )}
      {edited && <ChannelDialog channel={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      {tested && (
        <TestDialog channel={tested} id={test.data} problem={test.error} onClose={() => setTested(undefined)} />
      )}
      {doomed && (
        <Confirm
          title={t('Delete the channel {name}?', { name: doomed.name })}
          action={t('Delete channel')}
          onClose={() => setDoomed(undefined)}
          onConfirm={async () => {
            await remove.mutateAsync(doomed);
            setDoomed(undefined);
          }}
        >
          <p>
            {t(
              'Its routes and the record of what was sent to it are deleted with it. To keep them, switch the channel off instead.',
            )}
          </p>
        </Confirm>
      )}
    </Section>
  );
}

interface Actions {
  onEdit: (channel: Channel) => void;
  onTest: (channel: Channel) => void;
  onDelete: (channel: Channel) => void;
}

function useColumns({ onEdit, onTest, onDelete }: Actions): Column<Channel>[] {
  const canManage = useCan('manage notifications');
  const enable = useChange({
    run: ({ id, enabled }: Channel) => setChannelEnabled(id, !enabled),
    done: ({ name, enabled }) =>
      enabled ? t('{name} is off. What waited for it is cancelled.', { name }) : t('{name} is on.', { name }),
    changes: ['channels', 'notifications'],
  });
  const columns: Column<Channel>[] = [
    {
      header: t('Channel'),
      title: true,
      cell: ({ name, destination }) => (
        <span className={styles.two}>
          {name}
          <small>{destination}</small>
        </span>
      ),
    },
    { header: t('Kind'), cell: ({ kind }) => t(KIND_NAMES[kind]) },
    { header: t('State'), phone: 'corner', cell: (channel) => <State channel={channel} /> },
  ];
  if (!canManage) return columns;
  columns.push(
    {
      header: t('Enabled'),
      cell: (channel) => (
        <Switch
          label={t('{name} enabled', { name: channel.name })}
          checked={channel.enabled}
          busy={enable.isPending && enable.variables.id === channel.id}
          onChange={() => enable.mutate(channel)}
        />
      ),
    },
    {
      header: t('Actions'),
      silent: true,
      cell: (channel) => (
        <>
          {channel.enabled && channel.confirmed_at && !channel.refused_at && (
            <Button
              variant="quiet"
              aria-label={t('Send a test to {name}', { name: channel.name })}
              onClick={() => onTest(channel)}
            >
              <Send aria-hidden />
              {t('Test')}
            </Button>
          )}
          {!channel.confirmed_at && !channel.refused_at && <AskAgain channel={channel} />}
          <Button
            variant="quiet"
            icon
            aria-label={t('Edit {name}', { name: channel.name })}
            title={t('Edit')}
            onClick={() => onEdit(channel)}
          >
            <Pencil aria-hidden />
          </Button>
          <Button
            variant="quiet"
            icon
            aria-label={t('Delete {name}', { name: channel.name })}
            title={t('Delete')}
            onClick={() => onDelete(channel)}
          >
            <Trash2 aria-hidden />
          </Button>
        </>
      ),
    },
  );
  return columns;
}

function State({ channel }: { channel: Channel }) {
  const { word, tone } = channelState(channel);
  return <Badge tone={tone}>{word}</Badge>;
}

function AskAgain({ channel }: { channel: Channel }) {
  const ask = useChange({
    run: ({ id }: Channel) => confirmAgain(id),
    done: ({ destination }) =>
      t('A new mail is on its way to {destination}. Its link confirms the address.', { destination }),
    changes: ['channels', 'notifications'],
  });
  return (
    <Button
      variant="quiet"
      aria-label={t('Send the confirmation of {name} again', { name: channel.name })}
      busy={ask.isPending}
      onClick={() => ask.mutate(channel)}
    >
      <Send aria-hidden />
      {t('Send again')}
    </Button>
  );
}
