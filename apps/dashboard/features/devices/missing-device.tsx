'use client';
import { SearchX } from 'lucide-react';
import { t } from '../../language/translate.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Empty, Section } from '../../ui/page.tsx';
import { useTenant } from '../tenants/tenant.tsx';

/** For a link to a device of another tenant, or to none. @param tenantId of the device; undefined when it cannot be read. */
export function MissingDevice({ tenantId }: { tenantId: string | undefined }) {
  const { tenants, choose } = useTenant();
  const other = tenants.find(({ tenant_id }) => tenant_id === tenantId);
  return (
    <Section title={t('Not found')} flush>
      {other ? (
        <Empty
          icon={<SearchX />}
          title={t('It belongs to {name}', { name: other.name })}
          action={
            <Button onClick={() => choose(other.tenant_id)}>{t('Switch to {name}', { name: other.name })}</Button>
          }
        >
          {t('You are a member there as well.')}
        </Empty>
      ) : (
        <Empty
          icon={<SearchX />}
          title={t('There is no such device')}
          action={<ButtonLink href="/admin/devices">{t('All devices')}</ButtonLink>}
        >
          {t('It may have been deleted, or it belongs to another tenant.')}
        </Empty>
      )}
    </Section>
  );
}
