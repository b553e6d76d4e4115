'use client';
// On every page of a tenant that is to be deleted: until when it can be kept.
import { rich } from '../../language/translate.ts';
import { formatTime } from '../../ui/format.ts';
import { Link } from '../../ui/link.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useTenantDeletion } from './use-deletions.ts';

export function DeletionBanner() {
  const deletion = useTenantDeletion();
  if (!deletion) return null;
  return (
    <Notice tone="danger">
      {rich(
        'This tenant will be deleted on {time}. Its devices cannot connect. Until then an owner can keep it under <link>Settings</link>.',
        { time: formatTime(new Date(deletion.due_at)), link: (text) => <Link href="/admin/settings">{text}</Link> },
      )}
    </Notice>
  );
}
