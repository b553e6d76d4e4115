'use client';
// The routes: which alerts go to which channel, and when.
import { Pencil, Plus, Split, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { Switch } from '../../ui/switch.tsx';
import { messageOf } from '../session/errors.ts';
import { useChange } from '../session/use-change.ts';
import { useCan } from '../tenants/tenant.tsx';
import styles from './notifications.module.css';
import { deleteRoute, type Route, setRoute } from './routes.ts';
import { useChannelNames, useChannels, useRoutes } from './use-notifications.ts';
import { describeRoute } from './words.ts';

// Without `ssr: false` the whole page is hidden until the dialog is there.
const RouteDialog = dynamic(() => import('./route-dialog.tsx').then(({ RouteDialog }) => RouteDialog), { ssr: false });

export function RoutesSection() {
  const canManage = useCan('manage notifications');
  const { data: channels } = useChannels();
  const { data: routes, error } = useRoutes();
  const nameOf = useChannelNames();
  const [edited, setEdited] = useState<Route | 'new'>();
  const [doomed, setDoomed] = useState<Route>();
  const columns = useColumns({ onEdit: setEdited, onDelete: setDoomed });
  const remove = useChange({
    run: ({ id }: Route) => deleteRoute(id),
    done: () => t('The route is deleted. What it had planned is cancelled.'),
    changes: ['routes', 'notifications', 'limits'],
  });
  const addButton = canManage && channels && channels.length > 0 && (
    <Button variant={routes?.length === 0 ? 'primary' : 'plain'} onClick={() => setEdited('new')}>
      <Plus aria-hidden />
      {t('Add route')}
    </Button>
  );
  return (
    <Section title={t('Routes')} flush aside={routes && routes.length > 0 && addButton}>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!routes && !error && <Skeleton lines={3} label={t('Loading routes')} />}
      {routes && routes.length > 0 && (
        <DataTable caption={t('Routes')} columns={columns} rows={routes} keyOf={({ id }) => id} />
      )}
      {routes?.length === 0 && (
        <Empty icon={<Split />} title={t('No routes yet')} action={addButton}>
          {channels?.length === 0
            ? t('Add a channel first; a route then says which alerts go there.')
            : t('No alert is told to anybody. A route says which alerts go to a channel.')}
        </Empty>
      )}
      {edited && <RouteDialog route={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      {doomed && (
        <Confirm
          title={t('Delete this route to {channel}?', { channel: nameOf(doomed.channel_id) })}
          action={t('Delete route')}
          onClose={() => setDoomed(undefined)}
          onConfirm={async () => {
            await remove.mutateAsync(doomed);
            setDoomed(undefined);
          }}
        >
          <p>{t('{which} are no longer told by it.', { which: describeRoute(doomed).which })}</p>
        </Confirm>
      )}
    </Section>
  );
}

function useColumns(actions: { onEdit: (route: Route) => void; onDelete: (route: Route) => void }): Column<Route>[] {
  const canManage = useCan('manage notifications');
  const nameOf = useChannelNames();
  const enable = useChange({
    run: ({ id, ...route }: Route) => setRoute(id, { ...route, enabled: !route.enabled }),
    done: ({ enabled }) => (enabled ? t('The route is off. What it had planned is cancelled.') : t('The route is on.')),
    changes: ['routes', 'notifications'],
  });
  const title = (route: Route) =>
    t('{which} to {channel}', { which: describeRoute(route).which, channel: nameOf(route.channel_id) });
  const columns: Column<Route>[] = [
    { header: t('Route'), title: true, cell: title },
    {
      header: t('When'),
      phone: 'wide',
      cell: (route) => {
        const { when, quiet } = describeRoute(route);
        return (
          <span className={styles.two}>
            {when}
            {quiet && <small>{quiet}</small>}
          </span>
        );
      },
    },
    {
      header: t('Enabled'),
      cell: (route) =>
        canManage ? (
          <Switch
            label={t('{title} enabled', { title: title(route) })}
            checked={route.enabled}
            busy={enable.isPending && enable.variables.id === route.id}
            onChange={() => enable.mutate(route)}
          />
        ) : route.enabled ? (
          t('yes')
        ) : (
          t('no')
        ),
    },
  ];
  if (!canManage) return columns;
  columns.push({
    header: t('Actions'),
    silent: true,
    cell: (route) => (
      <>
        <Button
          variant="quiet"
          icon
          aria-label={t('Edit {title}', { title: title(route) })}
          title={t('Edit')}
          onClick={() => actions.onEdit(route)}
        >
          <Pencil aria-hidden />
        </Button>
        <Button
          variant="quiet"
          icon
          aria-label={t('Delete {title}', { title: title(route) })}
          title={t('Delete')}
          onClick={() => actions.onDelete(route)}
        >
          <Trash2 aria-hidden />
        </Button>
      </>
    ),
  });
  return columns;
}
