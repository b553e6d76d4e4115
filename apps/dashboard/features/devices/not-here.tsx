'use client';
import { SearchX } from 'lucide-react';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Empty, Section } from '../../ui/page.tsx';
import { useTenant } from '../tenants/tenant.tsx';

/** For a link to a device that is not of the tenant shown. @param tenantId whose it is, when it may be known. */
export function NotHere({ tenantId }: { tenantId: string | undefined }) {
  const { tenants, choose } = useTenant();
  const other = tenants.find(({ tenant_id }) => tenant_id === tenantId);
  return (
    <Section title="Not found" flush>
      {other ? (
        <Empty
          icon={<SearchX />}
          title={`It belongs to ${other.name}`}
          action={<Button onClick={() => choose(other.tenant_id)}>Switch to {other.name}</Button>}
        >
          You are a member there, too.
        </Empty>
      ) : (
        <Empty
          icon={<SearchX />}
          title="There is no such device"
          action={<ButtonLink href="/admin/devices">All devices</ButtonLink>}
        >
          It may have been deleted, or it belongs to another tenant.
        </Empty>
      )}
    </Section>
  );
}
