'use client';
// Shows the current tenant and switches to another one.
import { ChevronsUpDown } from 'lucide-react';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { CreateTenantForm } from './create-tenant.tsx';
import { useTenant, useTenantsLeft } from './tenant.tsx';
import styles from './tenant-switch.module.css';

/** Stands for a new tenant in the list of ids. */
const NEW = 'new';

export function TenantSwitch() {
  const { tenant, tenants, choose } = useTenant();
  const { data: left } = useTenantsLeft();
  const [isCreating, setIsCreating] = useState(false);
  return (
    <div className={styles.switch}>
      <span className={styles.sign} aria-hidden>
        {tenant.name.charAt(0).toUpperCase()}
      </span>
      <span className={styles.name}>
        <strong>{tenant.name}</strong>
        <small>{t(tenant.role)}</small>
      </span>
      <ChevronsUpDown aria-hidden />
      <select
        aria-label={t('Tenant')}
        value={tenant.tenant_id}
        onChange={({ target }) => (target.value === NEW ? setIsCreating(true) : choose(target.value))}
      >
        {tenants.map(({ tenant_id, name }) => (
          <option key={tenant_id} value={tenant_id}>
            {name}
          </option>
        ))}
        {left !== undefined && left > 0 && (
          <>
            <hr />
            <option value={NEW}>{t('New tenant…')}</option>
          </>
        )}
      </select>
      {isCreating && (
        <Dialog title={t('New tenant')} onClose={() => setIsCreating(false)}>
          <CreateTenantForm onDone={choose} />
        </Dialog>
      )}
    </div>
  );
}
