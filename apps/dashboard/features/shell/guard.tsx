'use client';
// Shows its pages to members of a tenant. Others are asked to sign in or to create their first tenant.
import { usePathname, useRouter } from 'next/navigation';
import { type ReactNode, useEffect } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { messageOf } from '../session/errors.ts';
import { useSession } from '../session/session.tsx';
import { signOut } from '../session/sign-out.ts';
import { CreateTenantForm } from '../tenants/create-tenant.tsx';
import { TenantProvider, useMyTenants, useTenantsLeft } from '../tenants/tenant.tsx';
import { CardPage } from './card-page.tsx';
import { Shell } from './shell.tsx';
import { ShellSkeleton } from './shell-skeleton.tsx';

export function Guard({ children }: { children: ReactNode }) {
  const session = useSession();
  const router = useRouter();
  const path = usePathname();
  useEffect(() => {
    if (session.status !== 'signed-out') return;
    router.replace(`/sign-in?next=${encodeURIComponent(path + location.search)}`);
  }, [session.status, path, router]);
  if (session.status === 'failed') {
    return (
      <CardPage title={t('Not connected')}>
        <Notice tone="danger">{messageOf(session.error)}</Notice>
        <Button variant="primary" wide onClick={() => location.reload()}>
          {t('Try again')}
        </Button>
      </CardPage>
    );
  }
  if (session.status !== 'signed-in') return <ShellSkeleton />;
  return <Member email={session.session.user.email ?? ''}>{children}</Member>;
}

function Member({ email, children }: { email: string; children: ReactNode }) {
  const { data: tenants, error, refetch } = useMyTenants();
  if (tenants && tenants.length > 0) {
    return (
      <TenantProvider tenants={tenants}>
        <Shell email={email}>{children}</Shell>
      </TenantProvider>
    );
  }
  if (error) return <NotConnected error={error} onRetry={refetch} />;
  if (!tenants) return <ShellSkeleton />;
  return <NoTenant email={email} />;
}

function NotConnected({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <CardPage title={t('Not connected')}>
      <Notice tone="danger">{messageOf(error)}</Notice>
      <Button variant="primary" wide onClick={onRetry}>
        {t('Try again')}
      </Button>
      <Button variant="quiet" wide onClick={() => signOut()}>
        {t('Sign out')}
      </Button>
    </CardPage>
  );
}

function NoTenant({ email }: { email: string }) {
  const { data: left, error, refetch } = useTenantsLeft();
  if (error) return <NotConnected error={error} onRetry={refetch} />;
  if (left === undefined) return <ShellSkeleton />;
  return (
    <CardPage
      title={left > 0 ? t('Create your first tenant') : t('No tenant yet')}
      about={`${t('{email} does not belong to a tenant yet.', { email })} ${
        left > 0
          ? t('Create your own, or open the invitation link you were sent.')
          : t('Open the invitation link you were sent, or ask the platform’s operator for a tenant.')
      }`}
    >
      {left > 0 && <CreateTenantForm />}
      <Button variant="quiet" wide onClick={() => signOut()}>
        {t('Sign out')}
      </Button>
    </CardPage>
  );
}
